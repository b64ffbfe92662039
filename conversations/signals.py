"""What this room announces, inside the transaction."""

from django.dispatch import Signal

# sender=Message, message, fact, event, now: a person wrote; `message` and its thread stand.
message_received = Signal()
# sender=Conversation, conversation: a visitor of the site chat is writing; their words are not known.
visitor_typing = Signal()
# sender=Conversation, now: asked when somebody is there; a receiver returns `now` while the place is open, else the
# next opening, None when it does not know.
opening_asked = Signal()
# sender=Conversation, conversation, touch, now: a person opened the chat (a Start button, a link).
chat_opened = Signal()
# sender=ButtonAction, action, conversation, now: a button of ours was pressed; the room named `action.owner` acts.
button_pressed = Signal()
# sender=Message, message: its state became sent, failed, in_doubt, cancelled, delivered or read.
message_settled = Signal()
# sender=Message, message, now: its author changed its words or took it back.
message_changed = Signal()
# sender=Message, message, now: a colleague answered (here or in the provider's own app).
human_replied = Signal()
# sender=Message, message, now: something of ours is on its way to the client.
message_said = Signal()
# sender=MediaFile, file, message, now: a file of a message lies in the storage, or nothing more is tried for it.
file_settled = Signal()
# sender=Conversation, conversation, message, ad, now: the provider told which advertisement a thread is about.
ad_found = Signal()
# sender=Connection, connection, contact, fact, event, now: a form came in; there is no thread to answer in.
form_received = Signal()
# sender=Contact, contact, now: a phone or an e-mail became known.
contact_changed = Signal()
# sender=Contact, survivor, absorbed, now: two contacts are about to become one and still stand apart. A receiver deals
# with what the survivor cannot have twice; the dict it returns comes back in `told` when the merge is taken back.
contacts_merging = Signal()
# sender=Contact, merge, now: they are one; all rows are the survivor's.
contacts_merged = Signal()
# sender=Contact, merge, told, now: the merge was taken back; the rows stand where they stood.
contacts_parted = Signal()
# sender=Call, call, conversation, touch, now: nobody took an incoming call; `conversation` is the thread of its line.
call_missed = Signal()
# sender=Call, call, conversation, touch, now: somebody talked, whoever had called.
call_answered = Signal()
# sender=Message, messages: asked right before the calls of one tenant, in their transaction; a receiver returns
# {message id: reason} for those that must not go out any more.
about_to_send = Signal()
