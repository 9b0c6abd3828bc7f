import { NotDoneError, type TableErrno, TableError } from '../../model/virtual-service.ts'
import type { Command } from './command.ts'

/** Where ipvsadm has words of its own for what a refused operation means. */
const OF_OPERATION: Partial<Record<Command['name'], Partial<Record<TableErrno, string>>>> = {
  'add-service': { EEXIST: 'Service already exists', ENOENT: 'Scheduler or persistence engine not found' },
  'edit-service': { ESRCH: 'No such service', ENOENT: 'Scheduler or persistence engine not found' },
  'delete-service': { ESRCH: 'No such service' },
  zero: { ESRCH: 'No such service' },
  'add-server': { ESRCH: 'Service not defined', EEXIST: 'Destination already exists' },
  'edit-server': { ESRCH: 'Service not defined', ENOENT: 'No such destination' },
  'delete-server': { ESRCH: 'Service not defined', ENOENT: 'No such destination' },
  'start-daemon': { EEXIST: 'Daemon has already run' },
  'stop-daemon': { ESRCH: 'No daemon is running' },
  'list-service': { ESRCH: 'No such service' },
}

const OF_ERRNO: Readonly<Record<TableErrno, string>> = {
  EPERM: 'Permission denied (you must be root)',
  EINVAL: 'Invalid operation.  Possibly wrong module version, address not unicast, ...',
  ENOMEM: 'Memory allocation problem',
  EOPNOTSUPP: 'Operation not supported with IPv6',
  EAFNOSUPPORT: 'Operation not supported with specified address family',
  EEXIST: 'File exists',
  ESRCH: 'No such process',
  ENOENT: 'No such file or directory',
  ERANGE: 'Numerical result out of range',
  ENOSPC: 'No space left on device',
  ENODEV: 'No such device',
  EAGAIN: 'Resource temporarily unavailable',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ENETUNREACH: 'Network is unreachable',
}

/** What ipvsadm says of an operation that the table refused with `errno`. */
export function refusal(operation: Command['name'], errno: TableErrno): string {
  return OF_OPERATION[operation]?.[errno] ?? OF_ERRNO[errno]
}

/** The same of what was thrown; anything but a refusal is thrown on. */
export function refusalOf(operation: Command['name'], error: unknown): string {
  if (!(error instanceof TableError)) throw error
  if (error instanceof NotDoneError) return error.message
  return refusal(operation, error.errno)
}
