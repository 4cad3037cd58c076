// The agent of `cargo xtask demo`: posts three tasks and prints each change of their status. Usage:
// `node demo-agent.mjs http://127.0.0.1:8787`. It runs until it is stopped.

import { setTimeout as pause } from "node:timers/promises";

import { Agent } from "./agent.mjs";

const NAME = "Acme Research Agent";

const TASKS = [
  {
    title: "Get an API key for OpenWeather",
    description:
      "Sign up for the free plan at openweathermap.org with an address of your own, confirm the " +
      "mail, and hand over the key from the page “API keys”. No payment details are needed.",
    reward_usd: "12.50",
    task_type: "API_KEY_PROCUREMENT",
    digital_instructions: "The key works about ten minutes after the address was confirmed.",
    proof_requirements: ["A key of the free plan that answers requests"],
  },
  {
    title: "Photograph the opening hours of Café Central",
    description:
      "Stand in front of the entrance and take one sharp photo of the sign with the opening " +
      "hours. If the café is closed for good, photograph the entrance instead.",
    reward_usd: "15",
    task_type: "PHOTO",
    location: { lat: 48.2104, lng: 16.3655, address: "Herrengasse 14, 1010 Wien" },
    proof_requirements: ["All opening hours on the sign can be read"],
  },
  {
    title: "Is this product description true?",
    description:
      "Read the description of a water filter and say, in a few sentences, which of its claims " +
      "the maker's own data sheet does not support.",
    reward_usd: "10",
    task_type: "CONTENT_REVIEW",
    digital_instructions: "Description and data sheet: https://example.com/filter",
    proof_requirements: ["Each claim without support is named"],
  },
];

const agent = new Agent(process.argv[2] ?? "http://127.0.0.1:8787");
await agent.register(NAME);
await agent.deposit("100");
const { fingerprint } = await agent.newKeys();
for (const task of TASKS) await agent.post(task);

const { deposit_balance, escrow_balance } = await agent.balance();
console.log(`${NAME} posted ${TASKS.length} tasks: $${escrow_balance} are held in escrow ` +
  `for them, $${deposit_balance} are left.`);
console.log(`The agent's key: ${fingerprint}`);
console.log("The phone shows the same groups before it seals anything to that key.");

const seen = new Map();
for (;;) {
  for (const task of (await agent.tasks()).reverse()) await tell(task);
  await pause(1000);
}

async function tell(task) {
  if (seen.get(task.task_id) === task.status) return;
  seen.set(task.task_id, task.status);
  const by = task.operator ? ` by ${task.operator.name}` : "";
  console.log(`[agent] ${task.title}: ${task.status}${by}`);
  if (task.status === "COMPLETED" && task.task_type === "API_KEY_PROCUREMENT") await reveal(task);
}

async function reveal({ task_id }) {
  const envelope = await agent.retrieve(task_id);
  console.log("[agent] What the server holds of the secret:", JSON.stringify(envelope));
  const secret = await agent.open(task_id, envelope);
  console.log("[agent] Opened with the private key that never left the agent:");
  console.log(JSON.stringify(secret, null, 2));
}
