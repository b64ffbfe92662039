"""The queue of this room."""

from assistant import answer
from assistant.models import Answer
from assistant.understanding import words
from work import sweep

sweep.register(sweep.Queue(name=answer.QUEUE, model=Answer, run=answer.RUN, batch=20))
# The dictionary is loaded before the first client waits for it.
sweep.before_each(words.warm)
