/**
 * Credentials sealed for one agent and one task. Everything is asynchronous, and there is nothing
 * to initialise: the wasm loads on the first call.
 *
 * A wrong argument is a `TypeError` that names it. Wrong data is a {@link KeyError} or an
 * {@link OpenError}.
 *
 * @packageDocumentation
 */

/** A checked P-256 public key. Made by {@link importPublicKey} and {@link generateKeyPair} only. */
export class PublicKey {
  private constructor()
  /** Base64 of the 65 bytes of the point: what belongs into `agent_public_key`. */
  readonly base64: string
  /** The 65 bytes of the uncompressed point, a copy. */
  readonly bytes: Uint8Array
  /** The same as {@link base64}. */
  toString(): string
  /** The same as {@link base64}, so that a key can stand in a body that is made into JSON. */
  toJSON(): string
}

/**
 * A P-256 private key. Neither the console nor JSON prints it, and it does not survive
 * `structuredClone`: {@link exportSecretKey} is the one way out.
 */
export class SecretKey {
  private constructor()
  /** `[redacted]`. */
  toString(): string
  /** Throws a `TypeError`. */
  toJSON(): never
}

/** Both halves of an agent's key. */
export interface KeyPair {
  readonly publicKey: PublicKey
  readonly secretKey: SecretKey
}

/** A sealed credential as it stands on the wire. Its bytes are in standard base64 with padding. */
export interface Envelope {
  /** The version of the format: 1. */
  v: number
  /** `ECDH-P256-AES-256-GCM`. */
  algorithm: string
  /** The ciphertext and its 16-byte tag: 17 to 65 552 bytes. */
  ciphertext: string
  /** 12 bytes. */
  iv: string
  /** The 65 bytes of the uncompressed point of the key made for this envelope. */
  ephemeralPublicKey: string
  /** When it was sealed, RFC 3339 with milliseconds. Not authenticated; `open` ignores it. */
  createdAt: string
}

/** A text or bytes are not the wanted key; the message says what they are and what to send. */
export class KeyError extends Error {
  readonly name: 'KeyError'
}

/**
 * An envelope did not open: malformed, changed, or sealed for another key or task. Which of these,
 * is not said: the type and the message are always the same.
 */
export class OpenError extends Error {
  readonly name: 'OpenError'
}

/**
 * Makes a key pair. Use one for each task: then one lost key opens one credential.
 *
 * @throws {Error} if the system's random source fails.
 * @example
 * const { publicKey, secretKey } = await generateKeyPair()
 * const body = { title: 'Get an API key', agent_public_key: publicKey.base64 }
 */
export function generateKeyPair(): Promise<KeyPair>

/**
 * Reads a public key in any form: base64 of the point (65 or 33 bytes) or of SPKI DER, standard or
 * URL-safe, padded or not; PEM, whatever text is around it; the text of a JWK; or the bytes of any
 * of these.
 *
 * @throws {KeyError} if it is anything else.
 * @example
 * const publicKey = await importPublicKey(task.agent_public_key)
 */
export function importPublicKey(key: string | Uint8Array): Promise<PublicKey>

/**
 * Reads a private key: base64 of PKCS#8 DER, of the older EC form or of the 32-byte number, PEM,
 * the text of a private JWK, or the bytes of any of these. The public half may be missing or
 * compressed. The bytes given are not changed; wipe them when they are not needed.
 *
 * @throws {KeyError} if it is anything else. The message repeats nothing of it.
 * @example
 * const secretKey = await importSecretKey(process.env.TASK_KEY)
 */
export function importSecretKey(key: string | Uint8Array): Promise<SecretKey>

/**
 * Writes a private key as base64 of its PKCS#8 DER, for a store that keeps secrets. Web Crypto and
 * OpenSSL read the same.
 *
 * @example
 * await writeFile('task.key', await exportSecretKey(secretKey), { mode: 0o600 })
 */
export function exportSecretKey(secretKey: SecretKey): Promise<string>

/**
 * What two sides compare to know that they mean the same key: 16 bytes of its SHA-256, as eight
 * groups of four hexadecimal digits.
 *
 * @example
 * console.log(await fingerprint(publicKey)) // 3f2a 91c0 …
 */
export function fingerprint(publicKey: PublicKey): Promise<string>

/**
 * Seals a plaintext for one key and one task. A string is sealed as UTF-8.
 *
 * @param options.taskId The task's id, not empty. The envelope opens with this id alone.
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
 * @returns the plaintext, as bytes. `new TextDecoder().decode(bytes)` makes a string of UTF-8.
 * @throws {OpenError} if it does not open, whatever the reason.
 * @example
 * const bytes = await open({ secretKey, taskId: 'task_1', envelope: answer.encrypted_credential })
 * const credential = JSON.parse(new TextDecoder().decode(bytes))
 */
export function open(options: {
  secretKey: SecretKey
  taskId: string
  envelope: Omit<Envelope, 'createdAt'> & { createdAt?: string }
}): Promise<Uint8Array>
