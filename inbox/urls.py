"""Pages of this room."""

from django.urls import URLPattern, path

from inbox.views import alerts, card, files, listing, merges, raw, thread, today, verbs

app_name = "inbox"
urlpatterns: list[URLPattern] = [
    path("", listing.inbox_list, name="list"),
    path("<int:conversation_id>/", thread.thread, name="thread"),
    path("<int:conversation_id>/lines/", thread.lines, name="lines"),
    path("<int:conversation_id>/reply/", thread.reply, name="reply"),
    path("<int:conversation_id>/note/", thread.note, name="note"),
    path("<int:conversation_id>/draft/", thread.draft, name="draft"),
    path("<int:conversation_id>/seen/", thread.seen, name="seen"),
    path("<int:conversation_id>/files/", files.hand_in, name="files"),
    path("files/<int:file_id>/", files.show, name="file"),
    path("files/<int:file_id>/again/", files.again, name="file-again"),
    path("messages/<int:message_id>/contact/", files.keep_contact, name="keep-contact"),
    path("messages/<int:message_id>/again/", thread.send_again, name="send-again"),
    path("notes/<int:note_id>/drop/", thread.drop_note, name="drop-note"),
    path("<int:conversation_id>/people/", verbs.people, name="people"),
    path("<int:conversation_id>/assign/", verbs.assign, name="assign"),
    path("<int:conversation_id>/hand-back/", verbs.hand_back, name="hand-back"),
    path("<int:conversation_id>/close/", verbs.close, name="close"),
    path("<int:conversation_id>/reopen/", verbs.reopen, name="reopen"),
    path("<int:conversation_id>/snooze/", verbs.snooze_choices, name="snooze"),
    path("<int:conversation_id>/put-off/", verbs.put_off, name="put-off"),
    path("<int:conversation_id>/silence/", verbs.silence, name="silence"),
    path("<int:conversation_id>/unsilence/", verbs.unsilence, name="unsilence"),
    path("<int:conversation_id>/open-up/", verbs.open_up, name="open-up"),
    path("<int:conversation_id>/close-off/", verbs.close_off, name="close-off"),
    path("<int:conversation_id>/leads/<int:lead_id>/why/", verbs.losing_dialog, name="why-lost"),
    path("<int:conversation_id>/leads/<int:lead_id>/lose/", verbs.lose, name="lose-lead"),
    path("<int:conversation_id>/leads/<int:lead_id>/restore/", verbs.restore_lead, name="restore-lead"),
    path("<int:conversation_id>/card/", card.show, name="card"),
    path("<int:conversation_id>/contact/", card.edit, name="contact"),
    path("one-person/", merges.index, name="merges"),
    path("one-person/<int:suggestion_id>/merge/", merges.accept, name="merge"),
    path("one-person/<int:suggestion_id>/two/", merges.dismiss, name="merge-not"),
    path("one-person/<int:suggestion_id>/again/", merges.ask_again, name="merge-ask-again"),
    path("one-person/merges/<int:merge_id>/undo/", merges.undo, name="merge-undo"),
    path("raw/", raw.index, name="raw"),
    path("raw/<int:lead_id>/", raw.show, name="raw-lead"),
    path("raw/<int:lead_id>/replay/", raw.replay, name="replay-raw"),
    path("raw/<int:lead_id>/adopt/", raw.adopt, name="adopt-raw"),
    path("raw/<int:lead_id>/drop/", raw.drop, name="drop-raw"),
    path("raw/<int:lead_id>/restore/", raw.restore, name="restore-raw"),
    path("today/", today.page, name="today"),
    path("today/tasks/new/", today.new_task, name="task-new"),
    path("today/tasks/<int:task_id>/done/", today.done, name="task-done"),
    path("today/tasks/<int:task_id>/reopen/", today.reopen_task, name="task-reopen"),
    path("today/tasks/<int:task_id>/give/", today.give_task, name="task-give"),
    *(
        path(f"today/visits/<int:booking_id>/{mark}/", today.mark_visit, {"mark": mark}, name=f"visit-{mark}")
        for mark in today.MARKS
    ),
    path("today/visits/<int:booking_id>/unmark/", today.unmark_visit, name="unmark-visit"),
    path("alerts/", alerts.page, name="alerts"),
    path("alerts/mail/", alerts.by_mail, name="alerts-mail"),
    path("alerts/patience/", alerts.patience, name="alerts-patience"),
    path("alerts/telegram/<int:connection_id>/", alerts.telegram, name="alerts-telegram"),
    path("alerts/telegram/forget/", alerts.forget, name="alerts-forget"),
]
