"""Many visitors at once, and one who means harm: how long each kind of action takes, what fails, what memory it takes.

    python -m tests.load.campaign --visitors 32 --seconds 300 --hostile

starts the app of this folder (or of every folder named by ``--app``, one after the other, to compare them), lets each
visitor open the page and act, and prints percentiles by kind of action, errors, refusals, and the server's memory.
"""

import argparse
import asyncio
import io
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from PIL import Image, ImageDraw

API = "/gradio_api"
PAUSE = (0.3, 1.5)
"""Seconds between two actions of a visitor, at random."""

PATIENCE = 180
"""Seconds that a visitor waits for anything."""

DIGITS, PHOTOGRAPHS, SPACE = "mnist-pixelcnn", "cifar10-pixelcnnpp", "mnist-vae"


@dataclass
class Results:
    """What happened, by kind of action.

    Attributes:
        seconds: Of each success.
        errors: What failed, with the first words.
        refusals: How many were told to come back later.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    refusals: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def table(self) -> str:
        """All of it, for a reader."""
        lines = [f"{'':12}{'n':>6}{'p50 s':>9}{'p95 s':>9}{'max s':>9}{'refused':>9}{'errors':>8}"]
        for kind in sorted({*self.seconds, *self.errors, *self.refusals}):
            times = sorted(self.seconds[kind]) or [float("nan")]
            p95 = times[min(len(times) - 1, int(0.95 * len(times)))]
            lines.append(
                f"{kind:12}{len(self.seconds[kind]):6}{statistics.median(times):9.2f}{p95:9.2f}{times[-1]:9.2f}"
                f"{self.refusals[kind]:9}{len(self.errors[kind]):8}  {' | '.join(sorted(set(self.errors[kind]))[:2])}"
            )
        return "\n".join(lines)


class Refused(Exception):
    """The server says to come back later."""


@dataclass
class Page:
    """What a browser knows of the app.

    Attributes:
        events: Numbers of the events, by the names of their endpoints.
        inputs: How many values each event takes, by the same names.
        components: Numbers of the components, by their ids in the page.
    """

    events: dict[str, int]
    inputs: dict[str, int]
    components: dict[str, int]

    @classmethod
    async def read(cls, client: httpx.AsyncClient) -> "Page":
        """Read it from the server."""
        config = (await client.get("/config")).json()
        events = [event for event in config["dependencies"] if event["backend_fn"]]
        return cls(
            {event["api_name"]: event["id"] for event in events},
            {event["api_name"]: len(event["inputs"]) for event in events},
            {component["props"].get("elem_id"): component["id"] for component in config["components"]},
        )


class Visitor:
    """Someone with the page open.

    Args:
        client: Connections to the server.
        page: The page.
        results: Where to note what happens.
        seed: Of what the visitor does.
    """

    def __init__(self, client: httpx.AsyncClient, page: Page, results: Results, seed: int) -> None:
        self.client, self.page, self.results = client, page, results
        self.random, self.name = random.Random(seed), uuid4().hex[:11]
        self.actions: dict[Callable[[], Coroutine[Any, Any, None]], float] = {
            self.digit: 6,
            self.verdict: 3,
            self.slider: 4,
            self.percent: 2,
            self.photograph: 1,
            self.photo: 1,
        }

    async def visit(self, until: float) -> None:
        """Open the page, and act until then."""
        open_page = asyncio.create_task(self._keep_open())
        try:
            await self._note("page", self._get_page())
            while time.monotonic() < until:
                (action,) = self.random.choices(list(self.actions), list(self.actions.values()))
                await self._note(action.__name__, action())
                await asyncio.sleep(self.random.uniform(*PAUSE))
        finally:
            open_page.cancel()

    async def digit(self) -> None:
        """One digit."""
        await self.event("draw", self.drawing("1", DIGITS))

    def drawing(self, pictures: str, model: str) -> list[Any]:
        """What is sent to have pictures drawn; older apps know no guidance."""
        controls = ["any", 1.0, self.random.randrange(10_000), pictures, model, 1.0]
        return [*controls[: self.page.inputs["draw"] - 1], None]

    async def photograph(self) -> None:
        """One small photograph, which takes seconds."""
        await self.event("draw", self.drawing("1", PHOTOGRAPHS))

    async def verdict(self) -> None:
        """A small picture judged."""
        await self._judge(picture(28, self.random))

    async def photo(self) -> None:
        """A photograph from a camera judged."""
        await self._judge(picture(2000, self.random))

    async def slider(self) -> None:
        """A slider of a latent space moved."""
        z = [self.random.uniform(-2, 2) for _ in range(16)]
        await self.ask("walk-sliders", "look", {"model": SPACE, "z": z, "view": "mean"})

    async def percent(self) -> None:
        """The slider of the false-alarm rate moved."""
        await self.event("on_percent", [None, self.random.randint(1, 20)])

    async def event(self, name: str, data: list[Any]) -> dict[str, Any]:
        """Fire an event, and wait for its last message."""
        sent = {"data": data, "fn_index": self.page.events[name], "session_hash": self.name}
        reply = await self.client.post(f"{API}/queue/join", json=sent)
        check(reply)
        number, answer = reply.json()["event_id"], None
        async with self.client.stream("GET", f"{API}/queue/data", params={"session_hash": self.name}) as lines:
            async for line in lines.aiter_lines():  # to the end, as a browser does
                message = json.loads(line[5:]) if line.startswith("data:") else {}
                if message.get("msg") == "process_completed" and message.get("event_id") == number:
                    answer = message
                if message.get("msg") == "unexpected_error":
                    raise RuntimeError(message["message"])
        if answer is None:
            raise RuntimeError("no answer")
        if not answer["success"]:
            raise RuntimeError(str(answer["output"].get("error"))[:80])
        return dict(answer["output"])

    async def ask(self, component: str, function: str, question: dict[str, Any]) -> None:
        """Ask as a widget does."""
        sent = {"data": question, "component_id": self.page.components[component], "fn_name": function}
        reply = await self.client.post(f"{API}/component_server/", json=sent | {"session_hash": self.name})
        check(reply)
        if isinstance(reply.json(), dict) and "error" in reply.json():
            words = reply.json()["error"]
            raise Refused if "busy" in words else RuntimeError(words)

    async def _judge(self, content: bytes) -> None:
        reply = await self.client.post(f"{API}/upload", files={"files": ("picture.png", content)})
        check(reply)
        file = {"path": reply.json()[0], "meta": {"_type": "gradio.FileData"}}
        await self.event("judge", [file, 5, True, True, True, True, True, "mnist"])

    async def _get_page(self) -> None:
        check(await self.client.get("/"))

    async def _keep_open(self) -> None:
        async with self.client.stream("GET", f"{API}/heartbeat/{self.name}") as lines:
            async for _ in lines.aiter_lines():
                pass

    async def _note(self, kind: str, action: Coroutine[Any, Any, None]) -> None:
        begun = time.monotonic()
        try:
            await asyncio.wait_for(action, PATIENCE)
            self.results.seconds[kind].append(time.monotonic() - begun)
        except Refused:
            self.results.refusals[kind] += 1
            await asyncio.sleep(5)
        except TimeoutError:
            self.results.errors[kind].append(f"no answer in {PATIENCE} s")
        except (httpx.HTTPError, RuntimeError, KeyError) as error:
            self.results.errors[kind].append(f"{type(error).__name__}: {error}"[:120])


NESTED = b'{"data":[' + b"[" * 3_000_000 + b"]" * 3_000_000 + b"]}"
NOISE = os.urandom(19 * 10**6)


@cache
def large_picture() -> bytes:
    """A PNG file of few bytes and 49 million pixels."""
    file = io.BytesIO()
    Image.new("1", (7000, 7000)).save(file, "PNG")
    return file.getvalue()


class Hostile(Visitor):
    """Someone who means harm: floods, hangs up, and sends too much."""

    async def attack(self, until: float) -> None:
        """Attack in every way until then."""
        ways = [self.long_message, self.made_up, self.hang_up, self.uploads, self.large_picture]
        await asyncio.gather(*(self._repeat(way, until) for way in ways for _ in range(4)))

    async def long_message(self) -> None:
        """A message of nested lists, to a path that looks like that of uploads."""
        headers = {"content-type": "application/json"}
        await self.client.post(f"{API}/run/upload", content=NESTED, headers=headers)

    async def made_up(self) -> None:
        """A photograph for a visitor that does not exist, and is not fetched."""
        sent = {
            "data": self.drawing("16", PHOTOGRAPHS),
            "fn_index": self.page.events["draw"],
            "session_hash": uuid4().hex,
        }
        await self.client.post(f"{API}/queue/join", json=sent)

    async def hang_up(self) -> None:
        """Questions that take long, of a client that hangs up."""
        z = [2.0] * 16
        question = {"model": SPACE, "ends": [[z, z]] * 288, "count": 2, "view": "draw"}
        sent = {"data": question, "component_id": self.page.components["walk-sliders"], "fn_name": "lines"}
        await self.client.post(f"{API}/component_server/", json=sent | {"session_hash": uuid4().hex}, timeout=0.3)

    async def uploads(self) -> None:
        """Files of 19 MB, one after the other."""
        await self.client.post(f"{API}/upload", files={"files": ("noise", NOISE)})

    async def large_picture(self) -> None:
        """A picture of few bytes and many pixels."""
        await self._judge(large_picture())

    async def _repeat(self, way: Callable[[], Coroutine[Any, Any, None]], until: float) -> None:
        while time.monotonic() < until:
            try:
                begun = time.monotonic()
                await asyncio.wait_for(way(), 30)
                self.results.seconds[way.__name__].append(time.monotonic() - begun)
            except (TimeoutError, httpx.HTTPError, RuntimeError, Refused, KeyError):
                self.results.refusals[way.__name__] += 1
            await asyncio.sleep(0.1)


def check(reply: httpx.Response) -> None:
    """That the server took a request."""
    if reply.status_code in (429, 503):
        raise Refused
    if reply.status_code != 200:
        raise RuntimeError(f"{reply.status_code} {reply.text[:80]}")


def picture(edge: int, dice: random.Random) -> bytes:
    """A digit-like stroke as the content of a PNG file."""
    image = Image.new("L", (edge, edge), 0)
    line = [(dice.uniform(0.2, 0.8) * edge, dice.uniform(0.2, 0.8) * edge) for _ in range(4)]
    ImageDraw.Draw(image).line(line, fill=255, width=max(2, edge // 10))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def memory(process: int, which: str) -> float:
    """Memory of a process and its children in GB: ``VmRSS`` now, ``VmHWM`` at most."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    total = 0
    for number in [process, *map(int, children)]:
        status = Path(f"/proc/{number}/status").read_text()
        total += next((int(line.split()[1]) for line in status.splitlines() if line.startswith(which)), 0)
    return total / 2**20


def attack(url: str, until: float) -> Results:
    """Attack until then: in a process of its own, or how busy it is would count as time that visitors wait."""

    async def all_ways() -> Results:
        harm = Results()
        async with connect(url) as client:
            await Hostile(client, await Page.read(client), harm, 0).attack(until)
        return harm

    return asyncio.run(all_ways())


def connect(url: str) -> httpx.AsyncClient:
    """With as many connections as are wanted."""
    return httpx.AsyncClient(base_url=url, timeout=600, limits=httpx.Limits(max_connections=None))


async def campaign(url: str, visitors: int, seconds: float, hostile: bool, server: int) -> None:
    """Let visitors act, and print what happened."""
    results = Results()
    async with connect(url) as client:
        page = await Page.read(client)
        first = Visitor(client, page, results, 0)
        for action in first.actions:  # the first of each kind loads the model
            await action()
        print(f"memory at the start: {memory(server, 'VmRSS'):.2f} GB", flush=True)
        until = time.monotonic() + seconds
        crowd = [Visitor(client, page, results, seed).visit(until) for seed in range(visitors)]
        with ProcessPoolExecutor(1, get_context("spawn")) as another:
            harm = another.submit(attack, url, until) if hostile else None
            await asyncio.gather(*crowd)
            print(results.table())
            if harm is not None:
                print(f"The hostile one:\n{(await asyncio.wrap_future(harm)).table()}")
    print(f"memory at the end: {memory(server, 'VmRSS'):.2f} GB, at most {memory(server, 'VmHWM'):.2f} GB", flush=True)


def main() -> None:
    """Read the command line, start each app in turn, and measure it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--app", type=Path, action="append", help="a folder with app.py; may be given several times")
    parser.add_argument("--visitors", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--hostile", action="store_true", help="with a visitor who means harm")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the server ends with this
    for folder in args.app or [Path(__file__).parents[2]]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "app.py", "--port", str(port)]
        environment = os.environ | {"PYTHONPATH": str(folder.resolve())}
        warm_up = [sys.executable, "-c", "import gm_core; gm_core.warm_up()"]  # compiled kernels are kept on disk
        subprocess.run(warm_up, cwd=folder, env=environment, check=True)
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            wait(url)
            print(f"\n{folder.resolve()}: {args.visitors} visitors, {args.seconds:g} s")
            asyncio.run(campaign(url, args.visitors, args.seconds, args.hostile, server.pid))
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


def wait(url: str) -> None:
    """Wait until the app answers and has loaded its kernels."""
    for _ in range(600):
        try:
            if httpx.get(f"{url}/config").status_code == 200:
                break
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    time.sleep(30)


if __name__ == "__main__":
    main()
