"""The tab where a density judges pictures."""

from demo.base.tabs import Tab
from demo.judge.tab import build
from demo.shared.models import Models

TAB = Tab[Models]("judge", "Detect: is it a digit?", build)
