// Entry point for Node: the same API, with the wasm read from disk on the first call.

import { readFile } from 'node:fs/promises'
import { api } from './api.js'
import init, * as wasm from './wasm/crypto.js'

export { KeyError, OpenError, PublicKey, SecretKey } from './api.js'

export const {
  exportSecretKey,
  fingerprint,
  generateKeyPair,
  importPublicKey,
  importSecretKey,
  open,
  seal,
} = api(async () => {
  const bytes = await readFile(new URL('./wasm/crypto_bg.wasm', import.meta.url))
  await init({ module_or_path: bytes })
  return wasm
})
