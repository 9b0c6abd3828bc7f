import type { Value } from '../../bpf/value.ts'
import { CONNECTION } from '../layout.ts'
import type { Tables } from './tables.ts'

/** How the packets of a connection go to its server, which it keeps whatever its server is edited to. */
export interface Way {
  /** CONNECTION_FLAG */
  readonly flags: Value
  /** raw */
  readonly serverPort: Value
}

/** The way of a connection that is in the table. */
export function wayOf(tables: Tables, slot: Value): Way {
  return {
    get flags() {
      return tables.connection(slot).get(CONNECTION.flags)
    },
    get serverPort() {
      return tables.connection(slot).get(CONNECTION.serverPort)
    },
  }
}
