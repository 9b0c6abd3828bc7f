/**
 * The command line `sluice COMMAND`. A command's file defines its words and options and nothing more; what it does is
 * imported when it is called, so that `sluice --help` does not pay for the balancer.
 */
import { Command } from 'commander'
import { VERSION } from './version.ts'

export function program(): Command {
  return new Command('sluice')
    .description('A highly available layer-4 load balancer: LVS and keepalived, whole, with a data path of its own.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
}
