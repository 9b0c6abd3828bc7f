/** A service table to tell scenarios to, whose data path is interpreted. */
import { InterpretedTable } from '../../../src/balancer/interpreted-table.ts'
import type { Player } from './replay.ts'

export function interpreted(): Player {
  const table = new InterpretedTable({ connections: 512 })
  return {
    table,
    receive: frame => table.receive(frame).nextHop,
    tells: true,
    elapse: seconds => table.elapse(seconds),
  }
}
