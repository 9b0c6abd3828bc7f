/** Keys of signed advertisements that are kept in files of their own (`key 1 file:PATH`). */
import { readFileSync, statSync } from 'node:fs'
import type { Configuration } from '../model/configuration.ts'
import { KEY_BYTES_MAX, KEY_BYTES_MIN, readKey } from '../model/signing-key.ts'
import type { Signature } from '../model/vrrp-instance.ts'

/** The configuration with the keys in place of the files; undefined, after printing why, if one cannot be used. */
export function readKeyFiles(configuration: Configuration, print: (text: string) => void): Configuration | undefined {
  let usable = true
  const refuse = (sentence: string) => {
    usable = false
    print(`sluice: ${sentence}\n`)
  }
  const vrrpInstances = configuration.vrrpInstances.map(instance => {
    const { signature, name } = instance
    if (signature === undefined) return instance
    return { ...instance, signature: withFiles(signature, text => refuse(`(${name}) ${text}`), print) }
  })
  return usable ? { ...configuration, vrrpInstances } : undefined
}

function withFiles(signature: Signature, refuse: (text: string) => void, print: (text: string) => void): Signature {
  const keys = signature.keys.map(({ id, key }) => {
    if (!key.startsWith('file:')) return { id, key }
    const path = key.slice('file:'.length)
    try {
      const text = readFileSync(path, 'utf8').replace(/[\r\n]+$/, '')
      if (readKey(text) === undefined) refuse(`${path} has no key of ${KEY_BYTES_MIN} to ${KEY_BYTES_MAX} bytes in it`)
      if ((statSync(path).mode & 0o077) !== 0)
        print(`sluice: ${path} has a key in it that others can read: chmod 600\n`)
      return { id, key: text }
    } catch (error) {
      refuse(`cannot read the key of auth_hmac: ${(error as Error).message}`)
      return { id, key }
    }
  })
  return { ...signature, keys }
}
