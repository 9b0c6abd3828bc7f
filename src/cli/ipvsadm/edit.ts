import { SCHEDULERS, type Scheduler } from '../../model/service.ts'
import { type ServiceTable, TableError, type VirtualService } from '../../model/virtual-service.ts'
import type { Edit, RequestedService } from './command.ts'

/** Does what the command says, or throws the table's refusal. */
export function applyEdit(table: ServiceTable, edit: Edit): void {
  switch (edit.name) {
    case 'add-service':
      table.addService(knownService(table, edit.service, edit.name))
      break
    case 'edit-service':
      table.editService(knownService(table, edit.service, edit.name))
      break
    case 'delete-service':
      table.deleteService(edit.key)
      break
    case 'flush':
      table.flush()
      break
    case 'zero':
      table.zero(edit.key)
      break
    case 'add-server':
      table.addDestination(edit.key, edit.destination)
      break
    case 'edit-server':
      table.editDestination(edit.key, edit.destination)
      break
    case 'delete-server':
      table.deleteDestination(edit.key, edit.address, edit.port)
      break
    case 'set':
      table.setTimeouts(edit.timeouts)
      break
    case 'start-daemon':
      table.startSyncDaemon(edit.daemon)
      break
    case 'stop-daemon':
      table.stopSyncDaemon(edit.role, edit.syncId)
      break
  }
}

/** A scheduler that does not exist is refused as ip_vs refuses it: after it has looked for the service. */
function knownService(
  table: ServiceTable,
  service: RequestedService,
  operation: 'add-service' | 'edit-service',
): VirtualService {
  const { scheduler } = service
  if (scheduler === 'none' || isScheduler(scheduler)) return { ...service, scheduler }
  const exists = table.service(service.key) !== undefined
  if (operation === 'add-service' && exists) throw new TableError('EEXIST', 'the service already exists')
  if (operation === 'edit-service' && !exists) throw new TableError('ESRCH', 'there is no such service')
  throw new TableError('ENOENT', `there is no scheduler ${scheduler}`)
}

function isScheduler(name: string): name is Scheduler {
  return (SCHEDULERS as readonly string[]).includes(name)
}
