/** The daemon's way to its configuration: judged strictly, and said in full what is wrong with it. */
import { type LoadOptions, loadConfiguration } from '../config/load.ts'
import { renderAll } from '../diagnostics/render.ts'
import type { Configuration } from '../model/configuration.ts'
import { readKeyFiles } from './key-files.ts'

/** The configuration as the file has it now; undefined, after printing why, if it has errors. */
export function loadUsable(
  file: string,
  print: (text: string) => void,
  options: LoadOptions = {},
): Configuration | undefined {
  const { configuration, diagnostics, sources } = loadConfiguration(file, options)
  const colour = process.stderr.isTTY === true
  if (diagnostics.length > 0) print(`${renderAll(diagnostics, sources, { colour })}\n`)
  if (configuration === undefined) print(`sluice: ${file} has errors, so it is not used: mend what is said above\n`)
  return configuration === undefined ? undefined : readKeyFiles(configuration, print)
}
