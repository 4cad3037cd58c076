// Entry point for browsers, workers and bundlers: the first call fetches the wasm from the folder
// of this file. Node cannot fetch files and uses node.js instead.

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
  await init({ module_or_path: new URL('./wasm/crypto_bg.wasm', import.meta.url) })
  return wasm
})
