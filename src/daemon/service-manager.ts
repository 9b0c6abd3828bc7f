/** What systemd wants to know of a service of Type=notify (sd_notify(3)), and the sign of life it may ask for. */
import { isKernelError } from '../kernel/errors.ts'
import { UnixDatagramSocket } from '../kernel/unix-datagram.ts'
import { monotonicNow } from './clock.ts'

export type Phase = 'ready' | 'reloading' | 'stopping'

export interface ServiceManager {
  phase(phase: Phase): void
  close(): void
}

/** Tells nobody where no service manager started us. */
export function openServiceManager(environment: NodeJS.ProcessEnv): ServiceManager {
  const path = environment.NOTIFY_SOCKET
  if (path === undefined || path === '') return { phase: () => {}, close: () => {} }
  const socket = new UnixDatagramSocket(path)
  const tell = (text: string) => {
    try {
      socket.send(text)
    } catch (error) {
      // It is not ours to mend, and no reason to stop.
      if (!isKernelError(error)) throw error
    }
  }
  const intervalMs = watchdogIntervalMs(environment)
  const timer = intervalMs === undefined ? undefined : setInterval(() => tell('WATCHDOG=1'), intervalMs)
  timer?.unref()
  return {
    phase: phase => tell(PHASES[phase]()),
    close: () => {
      clearInterval(timer)
      socket.close()
    },
  }
}

const PHASES: Readonly<Record<Phase, () => string>> = {
  ready: () => `READY=1\nMAINPID=${process.pid}`,
  reloading: () => `RELOADING=1\nMONOTONIC_USEC=${Math.round(monotonicNow() * 1000)}`,
  stopping: () => 'STOPPING=1',
}

/** Twice as often as it must be, as sd_watchdog_enabled(3) advises. */
function watchdogIntervalMs(environment: NodeJS.ProcessEnv): number | undefined {
  const us = Number(environment.WATCHDOG_USEC)
  const pid = environment.WATCHDOG_PID
  if (!(us > 0) || (pid !== undefined && pid !== String(process.pid))) return undefined
  return us / 2000
}
