//! Measures each library that can seal, within one page load: the medians of rounds in which the
//! order is shuffled. Before that, Web Crypto opens what each of them sealed, which proves that
//! they do the same work.

import * as humanops from "@humanops/crypto";
import { gcm } from "@noble/ciphers/aes.js";
import { p256 } from "@noble/curves/nist.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import * as jose from "jose";

const { subtle } = crypto;
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const TASK = "task_01J9ZK3V5D8Q2M4N6P7R9S1T3W";
const AAD = new TextEncoder().encode(TASK);
const INFO = new TextEncoder().encode("humanops/credential/v1");
const SIZES = [256, 4096];
const ROUNDS = 61;
const SEALS_PER_ROUND = 20;

const agent = await subtle.generateKey(CURVE, true, ["deriveBits"]);
const agentPoint = new Uint8Array(await subtle.exportKey("raw", agent.publicKey));
const agentJwk = await subtle.exportKey("jwk", agent.publicKey);
const ourKey = await humanops.importPublicKey(agentPoint);
const joseKey = await jose.importJWK({ ...agentJwk, ext: true }, "ECDH-ES");

function join(...parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

async function webKey(secret, theirs, ephemeral, usage) {
  const z = await subtle.deriveBits({ name: "ECDH", public: theirs }, secret, 256);
  const ikm = await subtle.importKey("raw", z, "HKDF", false, ["deriveKey"]);
  const salt = join(ephemeral, agentPoint);
  const schedule = { name: "HKDF", hash: "SHA-256", salt, info: INFO };
  return subtle.deriveKey(schedule, ikm, { name: "AES-GCM", length: 256 }, false, [usage]);
}

async function open({ point, iv, ciphertext }) {
  const theirs = await subtle.importKey("raw", point, CURVE, false, []);
  const key = await webKey(agent.privateKey, theirs, point, "decrypt");
  const cipher = { name: "AES-GCM", iv, additionalData: AAD };
  return new Uint8Array(await subtle.decrypt(cipher, key, ciphertext));
}

/** Ways to seal for the agent under a fresh key and IV. The agent's key was imported before. */
const WAYS = {
  "@humanops/crypto": {
    seal: (plaintext) => humanops.seal({ publicKey: ourKey, taskId: TASK, plaintext }),
    parts: ({ ephemeralPublicKey, iv, ciphertext }) => ({
      point: fromBase64(ephemeralPublicKey),
      iv: fromBase64(iv),
      ciphertext: fromBase64(ciphertext),
    }),
  },
  "Web Crypto by hand": {
    async seal(plaintext) {
      const pair = await subtle.generateKey(CURVE, false, ["deriveBits"]);
      const point = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
      const key = await webKey(pair.privateKey, agent.publicKey, point, "encrypt");
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const cipher = { name: "AES-GCM", iv, additionalData: AAD };
      const ciphertext = new Uint8Array(await subtle.encrypt(cipher, key, plaintext));
      return { point, iv, ciphertext };
    },
  },
  noble: {
    async seal(plaintext) {
      const secret = p256.utils.randomSecretKey();
      const point = p256.getPublicKey(secret, false);
      const z = p256.getSharedSecret(secret, agentPoint).subarray(1, 33);
      const key = hkdf(sha256, z, join(point, agentPoint), INFO, 32);
      const iv = crypto.getRandomValues(new Uint8Array(12));
      return { point, iv, ciphertext: gcm(key, iv, AAD).encrypt(plaintext) };
    },
  },
  // A JWE has another key schedule, so jose opens its own.
  "jose, ECDH-ES and A256GCM": {
    seal: (plaintext) =>
      new jose.CompactEncrypt(plaintext)
        .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM", apu: TASK })
        .encrypt(joseKey),
    open: async (sealed) => (await jose.compactDecrypt(sealed, agent.privateKey)).plaintext,
  },
};

async function checkSealing(name, way, plaintext) {
  const sealed = await way.seal(plaintext);
  const opened = await (way.open?.(sealed) ?? open(way.parts?.(sealed) ?? sealed));
  if (opened.length !== plaintext.length || opened.some((byte, at) => byte !== plaintext[at])) {
    throw new Error(`${name} did not seal the plaintext`);
  }
}

async function milliseconds(way, plaintext) {
  const start = performance.now();
  for (let seal = 0; seal < SEALS_PER_ROUND; seal++) await way.seal(plaintext);
  return (performance.now() - start) / SEALS_PER_ROUND;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const shuffled = (values) => {
  const keyed = values.map((value) => [Math.random(), value]);
  return keyed.sort(([a], [b]) => a - b).map(([, value]) => value);
};

async function measure(bytes) {
  const plaintext = crypto.getRandomValues(new Uint8Array(bytes));
  const times = {};
  for (const [name, way] of Object.entries(WAYS)) {
    times[name] = [];
    await checkSealing(name, way, plaintext);
    for (let warm = 0; warm < 5; warm++) await milliseconds(way, plaintext);
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, way] of shuffled(Object.entries(WAYS))) {
      times[name].push(await milliseconds(way, plaintext));
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]));
}

function table(bytes, times) {
  const ours = times["@humanops/crypto"];
  const line = ([name, time]) =>
    `${name.padEnd(28)} ${time.toFixed(3).padStart(7)} ms   ` +
    (time === ours ? "" : `ours takes ${(ours / time).toFixed(2)} times as long`);
  const faster = (times.noble / ours).toFixed(2);
  const slower = (ours / times["Web Crypto by hand"]).toFixed(2);
  const slowerText = `${slower} times the time of Web Crypto (goal: 5)`;
  return [
    `sealing ${bytes} bytes, median of ${ROUNDS} rounds of ${SEALS_PER_ROUND}`,
    ...Object.entries(times).map(line),
    `${faster} times as fast as noble (goal: 2.4), ${slowerText}`,
  ].join("\n");
}

const result = {};
const reports = [];
for (const bytes of SIZES) {
  result[bytes] = await measure(bytes);
  reports.push(table(bytes, result[bytes]));
}
document.querySelector("#report").textContent = reports.join("\n\n");
globalThis.result = result;
globalThis.measured = reports.join("\n\n");
