// What a page does with the package: opens every published vector, also with Web Crypto, and does
// round trips in both directions. It displays its report as JSON.

import * as api from "/pkg/index.js";
import { fromBase64, plaintextOf, utf8, webOpen, webSeal } from "/pkg/test/webcrypto.mjs";

const { exportSecretKey, fingerprint, generateKeyPair, importSecretKey, open, seal } = api;

const equal = (one, other) =>
  one.length === other.length && one.every((byte, index) => byte === other[index]);

/** Opens a vector with the package and with Web Crypto, and compares the results. */
async function opensAlike(vector) {
  const { task_id: taskId, envelope, agent } = vector;
  const secretKey = await importSecretKey(agent.secret_key);
  const opened = await open({ secretKey, taskId, envelope });
  const point = fromBase64(agent.public_key);
  const pkcs8 = fromBase64(await exportSecretKey(secretKey));
  const byWeb = await webOpen(pkcs8, point, taskId, envelope);
  return equal(opened, plaintextOf(vector)) && equal(opened, byWeb);
}

/** Seals with the package and opens with Web Crypto, and the other way round. */
async function roundTrips(taskId, text) {
  const { publicKey, secretKey } = await generateKeyPair();
  const point = fromBase64(publicKey.base64);
  const pkcs8 = fromBase64(await exportSecretKey(secretKey));
  const ours = await seal({ publicKey, taskId, plaintext: text });
  const theirs = await webSeal(point, taskId, utf8(text));
  const opened = [
    await webOpen(pkcs8, point, taskId, ours),
    await open({ secretKey, taskId, envelope: { ...theirs, createdAt: ours.createdAt } }),
  ];
  const groups = (await fingerprint(publicKey)).split(" ").length;
  return groups === 8 && opened.every((bytes) => equal(bytes, utf8(text)));
}

async function report() {
  const { vectors } = await (await fetch("/crypto-wasm/tests/vectors/credential_v1.json")).json();
  // The longest vector has only a hash of its ciphertext.
  const stored = vectors.filter((vector) => vector.envelope.ciphertext);
  const vectorsAlike = await Promise.all(stored.map(opensAlike));
  const tripsAlike = [];
  for (const text of ["{}", '{"api_key":"sk_🔑"}', "x".repeat(65_536)]) {
    tripsAlike.push(await roundTrips("task_01J9ZK3V5D8Q2M4N6P7R9S1T3W", text));
  }
  return { vectorsAlike, tripsAlike };
}

function show(report) {
  const output = document.createElement("output");
  output.textContent = JSON.stringify(report);
  document.body.append(output);
}

report().then(show, (error) => show({ error: `${error.stack ?? error}` }));
