/**
 * Destinations that were removed and whose connections live on, as in ip_vs: added again, one is the same as before and
 * its connections go on. It is a list through the ledger, the one removed last first.
 */
import type { Ip } from '../bytes/address.ts'
import { DESTINATION, DESTINATION_BYTES, LEDGER, SETTINGS } from './layout.ts'
import type { TableRecords } from './table-records.ts'

export class Trash {
  readonly #records: TableRecords

  constructor(records: TableRecords) {
    this.#records = records
  }

  get isEmpty(): boolean {
    return this.#records.settings.get(0, SETTINGS.trash) === 0
  }

  /** Numbers of destinations, the one removed last first. */
  members(): number[] {
    const { settings, ledger } = this.#records
    const numbers: number[] = []
    for (
      let link = settings.get(0, SETTINGS.trash);
      link !== 0;
      link = ledger.get(this.#records.destinationLedger(link - 1), LEDGER.trashNext)
    )
      numbers.push(link - 1)
    return numbers
  }

  /** The service that a destination was removed from. */
  serviceOf(destination: number): number {
    return this.#records.ledger.get(this.#records.destinationLedger(destination), LEDGER.trashService) - 1
  }

  put(destination: number, service: number, now: number): void {
    const { settings, ledger } = this.#records
    const notes = this.#records.destinationLedger(destination)
    ledger.set(notes, LEDGER.trashService, service + 1)
    ledger.set(notes, LEDGER.trashSince, now)
    ledger.set(notes, LEDGER.trashNext, settings.get(0, SETTINGS.trash))
    settings.set(0, SETTINGS.trash, destination + 1)
  }

  /** Takes out what was that server of that service, if it is there still. */
  takeBack(service: number, address: Ip, port: number): number | undefined {
    const trash = this.members()
    const number = trash.find(
      candidate => this.serviceOf(candidate) === service && this.#records.isDestination(candidate, address, port),
    )
    if (number !== undefined) this.keep(trash.filter(other => other !== number))
    return number
  }

  /** From now on these are in the trash, in this order. */
  keep(numbers: readonly number[]): void {
    const { settings, ledger } = this.#records
    for (const [i, number] of numbers.entries())
      ledger.set(this.#records.destinationLedger(number), LEDGER.trashNext, (numbers[i + 1] ?? -1) + 1)
    settings.set(0, SETTINGS.trash, (numbers[0] ?? -1) + 1)
  }

  /** True if a connection or template still needs the destination, or a packet may be looking at it: `settled` jiffies say. */
  isNeeded(destination: number, now: number, settled: number): boolean {
    const { destinations, ledger } = this.#records
    const record = destination * DESTINATION_BYTES
    const references = [DESTINATION.active, DESTINATION.inactive, DESTINATION.persistent, DESTINATION.awaited].reduce(
      (sum, field) => sum + destinations.get(record, field),
      0,
    )
    const since = ledger.get(this.#records.destinationLedger(destination), LEDGER.trashSince)
    return references > 0 || (now - since) >>> 0 < settled
  }
}
