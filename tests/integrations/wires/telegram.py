"""Telegram for the battery."""

from integrations.protocols.channel import Button, HookRequest, Outgoing
from tests.integrations.cases import ANNA, JSON, Wire, telegram_message, update

GROUP = {"id": -1001234567890, "type": "supergroup", "title": "Смена", "is_forum": True}


def telegram(body: bytes) -> HookRequest:
    return HookRequest(headers={**JSON, "x-telegram-bot-api-secret-token": "s3cret_s3cret"}, body=body)


WIRE = Wire(
    kind="telegram",
    settings={
        "bot_token": "700000001:AAtest",
        "secret_token": "s3cret_s3cret",
        "secret_token_previous": "former_secret",
    },
    requests={
        "text": telegram(update(1, message=telegram_message(text="Можно завтра?"))),
        "press": telegram(
            update(2, callback_query={"id": "77", "from": ANNA, "data": "a:1", "message": telegram_message()})
        ),
        "edit": telegram(update(3, edited_message=telegram_message(text="Нет, в 16", edit_date=1795400050))),
        "unknown": telegram(update(4, brand_new={"a": 1})),
        "colleague": telegram(
            update(
                5,
                message=telegram_message(
                    chat=GROUP, text="Сейчас отвечу", message_thread_id=7, is_topic_message=True
                ),
            )
        ),
        "code in a group": telegram(
            update(6, message=telegram_message(chat=GROUP, text="/connect@salon_bot AbC-12_x"))
        ),
        "press in a group": telegram(
            update(
                7,
                callback_query={
                    "id": "78",
                    "from": ANNA,
                    "data": "take:3",
                    "message": telegram_message(chat=GROUP),
                },
            )
        ),
        "added to a group": telegram(
            update(
                8,
                my_chat_member={
                    "chat": GROUP,
                    "from": ANNA,
                    "date": 1795400000,
                    "new_chat_member": {"status": "administrator"},
                },
            )
        ),
    },
    sign=telegram,
    forge=[
        {},
        {"x-telegram-bot-api-secret-token": ""},
        {"x-telegram-bot-api-secret-token": "wrong"},
        {"x-telegram-bot-api-secret-token": "s3cret_s3cret, s3cret_s3cret"},
        {"x-telegram-bot-api-secret-token": "s3cret_s3cre\u0442"},
        {"x-telegram-bot-api-secret-token": "\udcff\udcfe"},
        {"x-telegram-bot-api-secret": "s3cret_s3cret"},
    ],
    outgoing=Outgoing(
        chat="812345678",
        text="Записать вас на 15:00?",
        buttons=(
            (Button("Да", "t1"), Button("Нет", "t2")),
            (Button("Сайт", "https://salon.example", "url"),),
        ),
        key="k1",
        reply_to="812345678:10",
    ),
)
