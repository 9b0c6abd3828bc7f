/** Carries a plan out on the table of virtual services, one edit at a time. */
import { serviceKeyText } from '../model/service.ts'
import { type ServiceTable, TableError } from '../model/virtual-service.ts'
import { destinationKey, type ServiceOperation } from './services.ts'

/** An edit that the table refused; the rest of the plan was carried out all the same. */
export interface Refusal {
  readonly operation: ServiceOperation
  readonly error: TableError
}

export function applyServices(operations: readonly ServiceOperation[], table: ServiceTable): readonly Refusal[] {
  const refusals: Refusal[] = []
  for (const operation of operations) {
    try {
      apply(operation, table)
    } catch (error) {
      if (!(error instanceof TableError)) throw error
      refusals.push({ operation, error })
    }
  }
  return refusals
}

/** `addDestination 192.168.41.31:80 TCP 192.168.41.249:80`, for a log line. */
export function operationText(operation: ServiceOperation): string {
  switch (operation.type) {
    case 'addService':
    case 'editService':
      return `${operation.type} ${serviceKeyText(operation.service.key)}`
    case 'deleteService':
      return `${operation.type} ${serviceKeyText(operation.key)}`
    default:
      return `${operation.type} ${serviceKeyText(operation.key)} -> ${destinationKey(operation.destination)}`
  }
}

function apply(operation: ServiceOperation, table: ServiceTable): void {
  switch (operation.type) {
    case 'addService':
      table.addService(operation.service)
      return
    case 'editService':
      table.editService(operation.service)
      return
    case 'deleteService':
      table.deleteService(operation.key)
      return
    case 'addDestination':
      table.addDestination(operation.key, operation.destination)
      return
    case 'editDestination':
      table.editDestination(operation.key, operation.destination)
      return
    case 'deleteDestination':
      table.deleteDestination(operation.key, operation.destination.address, operation.destination.port)
  }
}
