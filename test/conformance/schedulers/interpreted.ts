/** A service table to tell scenarios to, whose data path is interpreted. */
import { InterpretedTable } from '../../../src/balancer/interpreted-table.ts'
import type { Player } from './replay.ts'

export function interpreted(): Player {
  const table = new InterpretedTable({ connections: 512 })
  return {
    table,
    receive: (frame, mark) => {
      const { nextHop } = table.receive(frame, undefined, { mark })
      // Where there is no server, what is sent goes back to the client.
      return nextHop?.startsWith('10.1.1.') ? nextHop : undefined
    },
    tells: true,
    elapse: seconds => table.elapse(seconds),
  }
}
