/**
 * What the live data path would do with a packet, and why: the answer of `sluice explain`.
 *
 * The story is the program's own. It runs on a copy of the table and tells each thing that it does (`program/tell.ts`);
 * here that is only put into words. Routes are the kernel's answers, what is rewritten is the difference between the
 * packets before and after.
 */
import { ipFamily, type Mac } from '../bytes/address.ts'
import type { VirtualService } from '../model/virtual-service.ts'
import { arrivalStep, unmet } from './arrival-step.ts'
import { changesStep } from './changes-step.ts'
import { choiceStep } from './choice-step.ts'
import { connectionSteps } from './connection-step.ts'
import type { Explanation, Step, Verdict } from './explanation.ts'
import { decodeFibLookup, encodeFibLookup, FIB_SUCCESS } from './fib-lookup.ts'
import { forwardingStep } from './forwarding-step.ts'
import { packetBytes } from './frame-layers.ts'
import { frameText } from './frame-text.ts'
import type { Host, HostInterface } from './host.ts'
import { leavingFrame } from './leaving-frame.ts'
import { type Question, questionText } from './question.ts'
import { questionFrame } from './question-frame.ts'
import { routeSteps } from './route-step.ts'
import { serviceStep } from './service-step.ts'
import { type Standing, StandingView } from './standing.ts'
import { type TracedPrograms, type Trial, tryPacket } from './trial.ts'
import { verdict } from './verdict.ts'

/** Somebody on the segment whose address is not known. */
const SOMEBODY = '02:00:00:00:00:01' as Mac
const NOBODY = '00:00:00:00:00:00' as Mac

/** The packet comes in by that interface; the programs are those of the same table. */
export function explain(
  question: Question,
  by: HostInterface,
  host: Host,
  standing: Standing,
  programs: TracedPrograms,
): Explanation {
  const frame = questionFrame(question, senderMac(question, host), by.mac ?? NOBODY)
  const packet = {
    text: questionText(question),
    interface: by.name,
    bytes: packetBytes(frame),
    mark: question.mark,
    frame: frameText(frame),
  }
  const services = new StandingView(standing).services()
  const arrival = arrivalStep(question, host, by, services)
  const missed = unmet(by)
  if (missed !== undefined) return { version: 1, packet, steps: [arrival], verdict: missed }
  const family = ipFamily(question.source.address)
  const context =
    programs.hook.type === 'xdp' ? { ingressIfindex: by.ifindex } : { ifindex: by.ifindex, mark: question.mark }
  const trial = tryPacket(standing, programs, { frame, family, context }, host.lookUpRoute)
  return {
    version: 1,
    packet,
    steps: [arrival, ...stepsOf(question, trial, host, frame)],
    verdict: { ...verdict(trial, programs.hook, host), ...marked(question, trial, services) },
  }
}

function stepsOf(question: Question, trial: Trial, host: Host, frame: Uint8Array): readonly Step[] {
  const family = ipFamily(question.source.address)
  const asked = trial.told.findIndex(({ event }) => event === 'scheduler')
  const [before, entered] = asked < 0 ? [trial.told, []] : [trial.told.slice(0, asked), trial.told.slice(asked)]
  const forwarding = forwardingStep(trial)
  const answered = trial.told.some(({ event }) => event === 'counted')
  const leaves = trial.outcome.redirect !== undefined && !answered
  return [
    serviceStep(question, trial),
    ...connectionSteps(before, trial.after, family),
    choiceStep(trial),
    ...connectionSteps(entered, trial.after, family),
    forwarding,
    ...routeSteps(trial, host),
    leaves ? changesStep(frame, leavingFrame(trial), guePort(trial)) : undefined,
  ].filter(step => step !== undefined)
}

/** A service by mark meets the packet behind the routing, where another program is: that one is not run here. */
function marked({ mark }: Question, { told }: Trial, services: readonly VirtualService[]): Partial<Verdict> {
  const passes = told.some(({ event }) => event === 'no-service')
  const takes = services.some(({ key }) => key.kind === 'mark' && key.mark === mark)
  if (mark === 0 || !passes || !takes) return {}
  return {
    text: `passed to the stack; if that routes it to sluice's own device, FWM ${mark} takes it, which is not explained`,
  }
}

function guePort({ told }: Trial): number | undefined {
  const forwarding = told.findLast(({ event }) => event === 'forward')?.server?.forwarding
  return forwarding?.method === 'tunnel' && forwarding.tunnel.type === 'gue' ? forwarding.tunnel.port : undefined
}

/** Whoever hands on what comes from the client. */
function senderMac({ source }: Question, host: Host): Mac {
  const { result, parameters } = host.lookUpRoute(encodeFibLookup(source.address))
  return result === FIB_SUCCESS ? decodeFibLookup(parameters).mac : SOMEBODY
}
