// Gradio's server ends the connection for answers once all that it was asked are sent, and its client then opens none
// until it next asks. A question that reaches the server just after that end, and whose name reaches the page just
// before it, would never be answered: on a slow line a tab that asks several things at once stays empty for good. So an
// end is passed on only when nothing is owed; otherwise the connection is taken up again, unseen by the client.
const own = window.fetch.bind(window);

const owed = new Set(); // names of questions that are not answered
const early = new Set(); // answered before the page has heard the question's name
let asking = 0; // questions without a name yet
let sent = 0; // questions, in the order of asking: the server is told, since the network may change it
let listening = 0; // connections whose end the client has not had

/** Whether the page waits for an answer. */
export const isWaiting = () => asking + owed.size + listening > 0;

const ask = async (input, init) => {
  asking++;
  try {
    const headers = new Headers(init?.headers);
    headers.set("x-question", ++sent);
    const response = await own(input, { ...init, headers });
    const { event_id: name } = await response.clone().json().catch(() => ({}));
    if (name && !early.delete(name)) owed.add(name);
    return response;
  } finally {
    asking--;
  }
};

// Passes messages on, and returns whether the last was the end.
const pass = async (response, send, keep) => {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  keep(reader);
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return false;
    const parts = (text + value).split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const [, kind, name] = part.slice(0, 200).match(/"msg": ?"(\w+)"(?:, ?"event_id": ?"(\w+)")?/) ?? [];
      if (kind === "close_stream") return true;
      if (kind === "process_completed" && !owed.delete(name)) early.add(name);
      send(`${part}\n\n`);
    }
  }
};

const listen = async (input, init) => {
  const request = new Request(input, init), first = await own(request.clone());
  if (!first.ok || !first.body) return first;
  const encoder = new TextEncoder();
  let reader = null;
  listening++;
  const body = new ReadableStream({
    async start(controller) {
      let count = 0;
      const send = (text) => {
        count++;
        controller.enqueue(encoder.encode(text));
      };
      try {
        let isEnd = await pass(first, send, (one) => { reader = one; });
        while (isEnd && (asking || owed.size)) {
          count = 0;
          const waited = new Set(owed), again = await own(request.clone());
          isEnd = !again.ok || !again.body || (await pass(again, send, (one) => { reader = one; }));
          if (!count) for (const name of waited) owed.delete(name); // it was taken back: no answer will come
        }
        if (isEnd) send('data: {"msg":"close_stream"}\n\n');
        controller.close();
      } catch (error) {
        controller.error(error);
      } finally {
        setTimeout(() => { listening--; });
      }
    },
    cancel: (reason) => reader?.cancel(reason),
  });
  return new Response(body, { status: first.status, headers: first.headers });
};

window.fetch = (input, init) => {
  const { pathname } = new URL(input.url ?? input, location.href);
  if (pathname.endsWith("/queue/join")) return ask(input, init);
  return pathname.endsWith("/queue/data") ? listen(input, init) : own(input, init);
};
