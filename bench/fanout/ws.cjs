// Node's `ws`. See driver.py for what it is told.
const { createInterface } = require("node:readline");
const { WebSocketServer } = require("ws");

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false, backlog: 4096 });
let version = 0;

const tell = (batch) => {
  for (let number = 0; number < batch; number++) {
    version += 1;
    const sku = `SKU-${String(number).padStart(7, "0")}`;
    const message = Buffer.from(`{"op":"stock","sku":"${sku}","available":${version % 100},"version":${version}}`);
    for (const client of server.clients) client.send(message, { binary: false });
  }
};

server.on("listening", async () => {
  console.log(server.address().port);
  for await (const line of createInterface({ input: process.stdin })) {
    const [changes, rate, batch] = line.split(" ").map(Number);
    const begun = performance.now();
    for (let moment = 0; moment < changes / batch; moment++) {
      const wait = begun + (moment * 1000) / rate - performance.now();
      await new Promise((go) => setTimeout(go, Math.max(0, wait)));
      tell(batch);
    }
    console.log("told");
  }
  process.exit(0);
});
