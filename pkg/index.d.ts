/**
 * Seals credentials for one agent and one task, and opens them. Every function is asynchronous. No
 * initialisation is needed: the first call loads the wasm.
 *
 * An argument of the wrong type causes a `TypeError` that names it. Invalid data causes a
 * {@link KeyError} or an {@link OpenError}.
 *
 * @packageDocumentation
 */

/**
 * A validated P-256 public key. Only {@link importPublicKey} and {@link generateKeyPair} create it.
 */
export class PublicKey {
  private constructor()
  /** Base64 of the 65 bytes of the point: the value of `agent_public_key`. */
  readonly base64: string
  /** A copy of the 65 bytes of the uncompressed point. */
  readonly bytes: Uint8Array
  /** Returns the same as {@link base64}. */
  toString(): string
  /** Returns the same as {@link base64}, so that a key can be a value in a JSON body. */
  toJSON(): string
}

/**
 * A P-256 private key. Neither the console nor JSON prints it, and `structuredClone` does not copy
 * it. Only {@link exportSecretKey} returns its content.
 */
export class SecretKey {
  private constructor()
  /** Returns `[redacted]`. */
  toString(): string
  /** Always throws a `TypeError`. */
  toJSON(): never
}

/** Both halves of an agent's key. */
export interface KeyPair {
  readonly publicKey: PublicKey
  readonly secretKey: SecretKey
}

/** A sealed credential as on the wire. Its bytes are in standard base64 with padding. */
export interface Envelope {
  /** The version of the format: 1. */
  v: number
  /** Always `ECDH-P256-AES-256-GCM`. */
  algorithm: string
  /** The ciphertext and its 16-byte tag: 17 to 65 552 bytes. */
  ciphertext: string
  /** The initialisation vector: 12 bytes. */
  iv: string
  /** The 65 bytes of the uncompressed ephemeral point, which is new for each envelope. */
  ephemeralPublicKey: string
  /** The time of sealing, RFC 3339 with milliseconds. Not authenticated; `open` ignores it. */
  createdAt: string
}

/** The key is not of the expected kind. The message says what it is and what to send. */
export class KeyError extends Error {
  readonly name: 'KeyError'
}

/**
 * An envelope did not open, because it is malformed or changed, or was sealed for another key or
 * task. The type and the message are the same for every reason.
 */
export class OpenError extends Error {
  readonly name: 'OpenError'
}

/**
 * Generates a key pair. Use one for each task, so that a lost key opens only one credential.
 *
 * @throws {Error} if the system's random source fails.
 * @example
 * const { publicKey, secretKey } = await generateKeyPair()
 * const body = { title: 'Get an API key', agent_public_key: publicKey.base64 }
 */
export function generateKeyPair(): Promise<KeyPair>

/**
 * Reads a public key in any form: base64 of the point (65 or 33 bytes) or of SPKI DER, standard or
 * URL-safe, padded or not; PEM, with or without text around it; the text of a JWK; or the bytes of
 * any of these.
 *
 * @throws {KeyError} if it is anything else.
 * @example
 * const publicKey = await importPublicKey(task.agent_public_key)
 */
export function importPublicKey(key: string | Uint8Array): Promise<PublicKey>

/**
 * Reads a private key: base64 of PKCS#8 DER, of the older EC form or of the 32-byte number, PEM,
 * the text of a private JWK, or the bytes of any of these. The public half may be missing or
 * compressed. The given bytes are not changed; wipe them when they are not needed any more.
 *
 * @throws {KeyError} if it is anything else. The message repeats no part of it.
 * @example
 * const secretKey = await importSecretKey(process.env.TASK_KEY)
 */
export function importSecretKey(key: string | Uint8Array): Promise<SecretKey>

/**
 * Returns a private key as base64 of its PKCS#8 DER, to be stored as a secret. Web Crypto and
 * OpenSSL read the same format.
 *
 * @example
 * await writeFile('task.key', await exportSecretKey(secretKey), { mode: 0o600 })
 */
export function exportSecretKey(secretKey: SecretKey): Promise<string>

/**
 * Returns the fingerprint of a key, which two sides compare to check that they have the same key:
 * the first 16 bytes of its SHA-256, as eight groups of four hexadecimal digits.
 *
 * @example
 * console.log(await fingerprint(publicKey)) // 3f2a 91c0 …
 */
export function fingerprint(publicKey: PublicKey): Promise<string>

/**
 * Seals a plaintext for one key and one task. A string is sealed as UTF-8.
 *
 * @param options.taskId The task's id, not empty. The envelope opens only with this id.
 * @param options.plaintext 1 to 65 536 bytes.
 * @throws {RangeError} if the plaintext is empty or too long.
 * @throws {Error} if the system's random source fails.
 * @example
 * const envelope = await seal({ publicKey, taskId: 'task_1', plaintext: '{"api_key":"sk_1"}' })
 */
export function seal(options: {
  publicKey: PublicKey
  taskId: string
  plaintext: string | Uint8Array
}): Promise<Envelope>

/**
 * Opens an envelope that was sealed for this key and this task.
 *
 * @returns the plaintext, as bytes. `new TextDecoder().decode(bytes)` converts UTF-8 to a string.
 * @throws {OpenError} if it does not open, for any reason.
 * @example
 * const bytes = await open({ secretKey, taskId: 'task_1', envelope: answer.encrypted_credential })
 * const credential = JSON.parse(new TextDecoder().decode(bytes))
 */
export function open(options: {
  secretKey: SecretKey
  taskId: string
  envelope: Omit<Envelope, 'createdAt'> & { createdAt?: string }
}): Promise<Uint8Array>
