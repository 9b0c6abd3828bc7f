/**
 * The command line `sluice COMMAND`. A command's file defines its words and options and nothing more; what it does is
 * imported when it is called, so that `sluice --help` does not pay for the balancer.
 */
import { Command } from 'commander'
import { addCheck } from './check.ts'
import { addCompletion } from './completion.ts'
import { addDrain } from './drain.ts'
import { addDump } from './dump.ts'
import { addExplain } from './explain.ts'
import { addFmt } from './fmt.ts'
import { addHook } from './hook.ts'
import { addIpvsadm } from './ipvsadm.ts'
import { addKeepalived } from './keepalived.ts'
import { addLab, addLabProcess } from './lab.ts'
import { addRealServer } from './realserver.ts'
import { addDaemonChild, addRun } from './run.ts'
import { addStatus } from './status.ts'
import { addSyncDaemon } from './sync-daemon.ts'
import { addSysctl } from './sysctl.ts'
import { addTop } from './top.ts'
import { VERSION } from './version.ts'

export function program(): Command {
  const sluice = new Command('sluice')
    .description('A highly available layer-4 load balancer: LVS and keepalived, whole, with a data path of its own.')
    .usage('COMMAND [ARGUMENT…]')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(usageError(text)) })
  // In the order in which a person meets them.
  addRun(sluice)
  addCheck(sluice)
  addFmt(sluice)
  addStatus(sluice)
  addTop(sluice)
  addExplain(sluice)
  addDrain(sluice)
  addDump(sluice)
  addHook(sluice)
  addIpvsadm(sluice)
  addSysctl(sluice)
  addKeepalived(sluice)
  addRealServer(sluice)
  addLab(sluice)
  addCompletion(sluice)
  addDaemonChild(sluice)
  addLabProcess(sluice)
  addSyncDaemon(sluice)
  return sluice
}

/** Commander's "error: unknown option '--x'\n(Did you mean --y?)" as one sentence that ends with where to look. */
function usageError(text: string): string {
  const sentence = text
    .replace(/^error: (command-)?/, '')
    .trim()
    .replace(/\.$/, '')
    .replace(/\n\(Did you mean (.*)\?\)$/, ' (did you mean $1?)')
  return `sluice: ${sentence}; see sluice --help\n`
}
