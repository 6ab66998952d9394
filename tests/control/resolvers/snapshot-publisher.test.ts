import { describe, expect, it } from '@jest/globals';

import type { EndpointInput } from '../../../src/core/endpoint.js';
import type { Refusal } from '../../../src/control/discovery/read-answer.js';
import { createSnapshotPublisher, type SnapshotPublisher } from '../../../src/control/resolvers/snapshot-publisher.js';
import { createFakeClock, type FakeClock } from '../../../src/testing/fake-clock.js';

interface Stage {
  readonly publisher: SnapshotPublisher;
  readonly clock: FakeClock;
  /** What is gathered. */
  now: { endpoints: readonly EndpointInput[]; refused: readonly Refusal[] };
  /** What was handed on, in order. */
  readonly heard: unknown[];
  readonly reported: (readonly Refusal[])[];
}

function setStage(): Stage {
  const clock = createFakeClock();
  const heard: unknown[] = [];
  const reported: (readonly Refusal[])[] = [];
  const stage: Omit<Stage, 'publisher'> = { clock, now: { endpoints: ['a:1'], refused: [] }, heard, reported };
  const publisher = createSnapshotPublisher({
    receiver: {
      update: ({ endpoints }) => heard.push(endpoints),
      error: (error) => heard.push((error as Error).message),
    },
    clock,
    select: () => stage.now,
    reportRefused: (refused) => reported.push(refused),
    nothingUsable: (count) => `none of ${count} can be used`,
  });
  return Object.assign(stage, { publisher });
}

const BAD: Refusal = { input: 'x', reason: 'it is no address' };

describe('createSnapshotPublisher', () => {
  it('hands on a change at once, and those of the next 100 ms together', () => {
    const stage = setStage();
    stage.publisher.publish();
    expect(stage.heard).toEqual([['a:1']]);
    for (const endpoints of [['b:1'], ['c:1'], ['d:1']]) {
      stage.now = { endpoints, refused: [] };
      stage.publisher.publish();
    }
    stage.clock.advance(99);
    expect(stage.heard).toHaveLength(1);
    stage.clock.advance(1);
    expect(stage.heard).toEqual([['a:1'], ['d:1']]);
    stage.clock.advance(1_000);
    expect(stage.heard).toHaveLength(2);
  });

  it('hands on nothing that was cancelled, until it is published again', () => {
    const stage = setStage();
    stage.publisher.publish();
    stage.publisher.publish();
    stage.publisher.cancel();
    stage.clock.advance(1_000);
    expect(stage.heard).toHaveLength(1);
    stage.publisher.publish();
    expect(stage.heard).toHaveLength(2);
  });

  it('takes nobody for an answer, and nobody who can be used for an error', () => {
    const stage = setStage();
    stage.now = { endpoints: [], refused: [] };
    stage.publisher.publish();
    stage.now = { endpoints: [], refused: [BAD, BAD] };
    stage.publisher.publish();
    stage.clock.advance(100);
    expect(stage.heard).toEqual([[], 'none of 2 can be used; x: it is no address']);
  });

  it('reports what was left out once, until that changes', () => {
    const stage = setStage();
    const say = (refused: readonly Refusal[]): void => {
      stage.now = { endpoints: ['a:1'], refused };
      stage.publisher.publish();
      stage.clock.advance(100);
    };
    for (const refused of [[BAD], [BAD], [], [], [BAD, { ...BAD, input: 'y' }], [BAD]]) say(refused);
    expect(stage.reported.map(({ length }) => length)).toEqual([1, 2, 1]);
    expect(stage.heard).toHaveLength(6);
  });
});
