// The package for Node: the same API, its wasm read from disk on first use.

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
