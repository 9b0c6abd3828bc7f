/**
 * MISC_CHECK: a program's exit code. 0 is up; with misc_dynamic 2 to 255 are up too, with a weight of that less two;
 * everything else is down, a program that dies of a signal or outlasts its time included.
 */
import { constants } from 'node:os'
import type { MiscChecker } from '../model/virtual-server.ts'
import { type Conversation, failed, type Outcome, PASSED } from './conversation.ts'

export const miscConversation: Conversation<MiscChecker, null> = {
  renews: false,
  open: ({ script }) => ({ channel: { kind: 'process', script }, talk: null }),
  hear: (checker, talk, event) =>
    event.type === 'exited' ? { talk, outcome: judge(checker, event.status, event.signal) } : { talk },
  silence: ({ timeoutMs }) => failed(`not finished after ${timeoutMs / 1000} s`, 'timed out'),
}

function judge({ dynamic }: MiscChecker, status: number | undefined, signal: string | undefined): Outcome {
  if (status === undefined)
    return failed(`died of ${signal ?? 'an unknown signal'}`, 'failed', ` (due to signal ${signalNumber(signal)})`)
  if (status === 0) return PASSED
  if (dynamic && status >= 2) return { passed: true, weight: status - 2 }
  return failed(`exit status ${status}`, 'failed', ` (exited with status ${status})`)
}

function signalNumber(name: string | undefined): number {
  return constants.signals[name as keyof typeof constants.signals] ?? 0
}
