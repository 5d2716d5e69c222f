"""The tab where a density judges pictures."""

from gradio.context import Context

from demo.base.tabs import Tab
from demo.judge.tab import build
from demo.shared.models import Models

TAB = Tab[Models]("judge", "Reasonable?", lambda models: build(Context.root_block, models))
