"""What this room announces, inside the transaction."""

from django.dispatch import Signal

# sender=Message, message, fact, event, now: a person wrote; `message` and its thread stand.
message_received = Signal()
# sender=Conversation, conversation, touch, now: a person opened the chat (a Start button, a link).
chat_opened = Signal()
# sender=ButtonAction, action, conversation, now: a button of ours was pressed; the room named `action.owner` acts.
button_pressed = Signal()
# sender=Message, message: its state became sent, failed, in_doubt, cancelled, delivered or read.
message_settled = Signal()
# sender=Message, message, now: a colleague answered (here or in the provider's own app).
human_replied = Signal()
# sender=Message, message, now: something of ours is on its way to the client.
message_said = Signal()
# sender=Connection, connection, contact, fact, event, now: a form came in; there is no thread to answer in.
form_received = Signal()
# sender=Contact, contact, now: a phone or an e-mail became known.
contact_changed = Signal()
# sender=Message, message: asked right before the call, in its transaction; a receiver that returns a reason vetoes it.
about_to_send = Signal()
