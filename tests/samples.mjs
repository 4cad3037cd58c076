// Values of the API as the gallery shows them.

import { generateKeyPairSync } from "node:crypto";

const HOUR = 3_600_000;
export const OPERATOR = "op_01KB0000000000000000000000";
export const AGENT = "ag_01KB0000000000000000000000";
export const TASK = "task_01KB0000000000000000000000";
export const OTHER = "task_01KB0000000000000000000001";

export const at = (hours) => new Date(Date.now() + hours * HOUR).toISOString();

export function task(more = {}) {
  return {
    task_id: TASK,
    title: "Ask when the shop opens",
    description: "Call the shop and ask when it opens on Saturday.",
    status: "PENDING",
    task_type: "CONTENT_REVIEW",
    task_domain: "DIGITAL",
    proof_type: "CONFIRMATION",
    location: null,
    reward_usd: 10,
    deadline: at(30),
    proof_requirements: ["The opening hour is stated", "The day is stated"],
    agent: { id: AGENT, name: "Acme Research Agent", completed_tasks: 12, rating: 4.5 },
    actions: [],
    created_at: at(-2),
    ...more,
  };
}

export const photo = (more) => task({
  title: "Photograph the entrance",
  task_type: "PHOTO",
  task_domain: "PHYSICAL",
  proof_type: "PHOTO",
  location: { lat: 52.52, lng: 13.4 },
  ...more,
});

export const credential = (more) => task({
  title: "Get an API key",
  task_type: "API_KEY_PROCUREMENT",
  task_domain: "CREDENTIAL",
  proof_type: "ARTIFACT",
  status: "ACCEPTED",
  actions: ["submit", "withdraw"],
  ...more,
});

export const claimed = (more) => task({ status: "ACCEPTED", actions: ["submit", "withdraw"], ...more });

export const page = (data, more = {}) => ({
  data,
  pagination: {
    limit: 100, offset: 0, total: data.length, has_more: false, next_cursor: null, ...more,
  },
});

export const failure = (code, more = {}) => ({
  error: "The server says what to do.", code, request_id: "req_1", retryable: false, ...more,
});

export const profile = (kyc_status, more = {}) => ({
  operator_id: OPERATOR, name: "Sam Lee", email: "sam@example.com", email_confirmed: true,
  kyc_status, skills: [], rating: 4.5, ...more,
});

export const earnings = {
  pending_balance: 10,
  available_balance: 20,
  total_earned: 35,
  paid_out: 5,
  in_review: 7,
  currency: "USD",
  recent_tasks: [at(24), at(-24)].map((available_at) => ({
    task_id: TASK, title: "A finished task", reward_usd: 10, status: "COMPLETED",
    completed_at: at(-48), available_at,
  })),
};

export const guardian_result = {
  decision: "MANUAL_REVIEW",
  confidence: 60,
  reasoning: "Looked at the text.",
  requirement_results: [true, false, null].map((met) => ({
    requirement: "The day is stated", met, confidence: 60, note: "The text says so.",
  })),
};

export const proof = {
  photos: ["/api/v1/files/one"], has_credential: true, confirmation_text: "It opens at nine.",
  reference_url: "https://example.com/hours", notes: "Called twice.", submittedAt: at(-1),
};

export const result_schema = {
  type: "object",
  required: ["opens_at"],
  properties: { opens_at: { type: "string", description: "By the clock." }, kind: { enum: ["a"] } },
};

export const publicKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" })
  .publicKey.export({ type: "spki", format: "der" }).toString("base64");

export const session = {
  access_token: "a.b.c", token_type: "Bearer", expires_in: 900, operator_id: OPERATOR,
};

const device = (current) => ({
  session_id: current ? "ses_01KB0000000000000000000000" : "ses_01KB0000000000000000000001",
  device: current ? "Chrome on Android" : "", created_at: at(-50), last_used_at: at(-2), current,
});

const methods = { builtin: true, passkeys: true, oidc: null };

/** The responses of a session, unless a state has others. */
export const SESSION = {
  "POST /auth/refresh": session,
  "GET /auth/methods": methods,
  "GET /auth/passkeys": { data: [] },
  "GET /auth/sessions": { data: [device(true), device(false)] },
};
