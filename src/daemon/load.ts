import type { Configuration } from '../model/configuration.ts'

/** The configuration as the file has it now; undefined, after saying why, if it cannot be used. */
export type LoadConfiguration = (file: string, print: (text: string) => void) => Configuration | undefined

export const loadUsable: LoadConfiguration = (file, print) => {
  print(`sluice: cannot read ${file}: there is no reader yet\n`)
  return undefined
}
