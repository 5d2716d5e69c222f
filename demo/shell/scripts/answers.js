// Gradio's server ends the connection for answers once all that it was asked are sent, and its client then opens none
// until it next asks. A question that reaches the server just after that end, and whose number reaches the page just
// before it, would never be answered: on a slow line a tab that asks several things at once stays empty for good. So an
// end is passed on only when nothing is owed; otherwise the connection is taken up again, unseen by the client.
const own = window.fetch.bind(window);

const owed = new Set(); // numbers of questions that are not answered
const early = new Set(); // answered before the page has heard the question's number
let asking = 0; // questions without a number yet
let listening = 0; // connections whose end the client has not had

/** Whether the page waits for an answer. */
export const isWaiting = () => asking + owed.size + listening > 0;

const ask = async (input, init) => {
  asking++;
  try {
    const response = await own(input, init);
    const { event_id: number } = await response.clone().json().catch(() => ({}));
    if (number && !early.delete(number)) owed.add(number);
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
      const [, kind, number] = part.slice(0, 200).match(/"msg": ?"(\w+)"(?:, ?"event_id": ?"(\w+)")?/) ?? [];
      if (kind === "close_stream") return true;
      if (kind === "process_completed" && !owed.delete(number)) early.add(number);
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
          if (!count) for (const number of waited) owed.delete(number); // it was taken back: no answer will come
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
