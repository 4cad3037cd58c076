// Type checks of the package: every export, used as the documentation shows. TypeScript checks this
// file, and it is never run. Each line under `@ts-expect-error` must be a type error.

import {
  KeyError,
  OpenError,
  PublicKey,
  SecretKey,
  exportSecretKey,
  fingerprint,
  generateKeyPair,
  importPublicKey,
  importSecretKey,
  open,
  seal,
  type Envelope,
  type KeyPair,
} from '@humanops/crypto'

export async function agent(answer: { encrypted_credential: Envelope }): Promise<unknown> {
  const pair: KeyPair = await generateKeyPair()
  const body = JSON.stringify({ agent_public_key: pair.publicKey, key: pair.publicKey.base64 })
  const kept: string = await exportSecretKey(pair.secretKey)
  const secretKey: SecretKey = await importSecretKey(kept)
  const words: string = await fingerprint(pair.publicKey)
  const envelope = answer.encrypted_credential
  const bytes: Uint8Array = await open({ secretKey, taskId: 'task_1', envelope })
  return [body, words, JSON.parse(new TextDecoder().decode(bytes))]
}

export async function operator(key: string | Uint8Array): Promise<Envelope> {
  const publicKey: PublicKey = await importPublicKey(key)
  await seal({ publicKey, taskId: 'task_1', plaintext: new Uint8Array([1]) })
  return seal({ publicKey, taskId: 'task_1', plaintext: '{"api_key":"sk_1"}' })
}

/** Opens a stored envelope without the field that is not authenticated. */
export async function stored(secretKey: SecretKey, { createdAt, ...envelope }: Envelope) {
  return [createdAt, await open({ secretKey, taskId: 'task_1', envelope })]
}

export function told(error: unknown): string {
  if (error instanceof KeyError) return error.message
  if (error instanceof OpenError) return error.name
  throw error
}

export async function refused(pair: KeyPair, envelope: Envelope): Promise<void> {
  // @ts-expect-error: only functions create keys
  new PublicKey()
  // @ts-expect-error: a public key cannot be exported as a secret key
  await exportSecretKey(pair.publicKey)
  // @ts-expect-error: a string must be imported before it is a key
  await seal({ publicKey: pair.publicKey.base64, taskId: 'task_1', plaintext: 'x' })
  // @ts-expect-error: opening needs the task id
  await open({ secretKey: pair.secretKey, envelope })
  // @ts-expect-error: every function is asynchronous
  const bytes: Uint8Array = open({ secretKey: pair.secretKey, taskId: 'task_1', envelope })
  // @ts-expect-error: the plaintext is bytes, not a string
  const text: string = await open({ secretKey: pair.secretKey, taskId: 'task_1', envelope })
  void [bytes, text]
}
