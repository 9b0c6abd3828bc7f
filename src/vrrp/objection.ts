import type { AcceptDrop } from './event.ts'

/** What a check has to say against a packet. A remark is no reason to drop it. */
export type Objection =
  | { readonly drop: AcceptDrop; readonly text: string }
  | { readonly remark: string; readonly text: string }
