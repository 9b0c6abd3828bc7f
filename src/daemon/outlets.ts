/** Where the checkers' news goes besides the log: scripts, pipes, mail. */
import type { Letter } from '../health/letter.ts'
import type { GlobalDefinitions } from '../model/global.ts'
import type { Script } from '../model/script.ts'

export interface Outlets {
  /** Before anything is sent, and at each reload. `alone`: there are no elections, which share a pipe with us. */
  configure(global: GlobalDefinitions, alone: boolean): void
  run(script: Script): void
  /** `RS [192.168.41.31]:tcp:80 [192.168.41.249]:tcp:80 DOWN`. */
  line(text: string): void
  mail(letter: Letter): void
  close(): void
}
