// The package for browsers, workers and bundlers: the wasm is fetched on first use, from beside
// this file. Not for Node, whose fetch reads no files: node.js is chosen there.

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
