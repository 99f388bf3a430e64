import { admissionScenarios } from './admission.ts';
import { appScenarios } from './apps.ts';
import { fightScenarios } from './fights.ts';
import { frozenScenarios } from './frozen.ts';
import { gitopsScenarios } from './gitops.ts';
import { installScenarios } from './install.ts';
import { platformScenarios } from './platform.ts';
import { refusedScenarios } from './refused.ts';
import type { Scenario } from './scenario.ts';
import { spellingScenarios } from './spelling.ts';
import { volumeScenarios } from './volumes.ts';

export const scenarios: readonly Scenario[] = [
  ...gitopsScenarios,
  ...refusedScenarios,
  ...spellingScenarios,
  ...appScenarios,
  ...admissionScenarios,
  ...fightScenarios,
  ...frozenScenarios,
  ...volumeScenarios,
  ...platformScenarios,
  ...installScenarios,
];

/** What `make test-all` tries of them. */
export const sample = scenarios.filter((scenario) => scenario.sample);
