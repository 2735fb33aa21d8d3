/** What every driver's Ledger keeps; a file per part of the contract. */
import { describe } from 'node:test';
import { type InStore, type StoreHarness, withStore } from './builders.ts';
import { acceptCases, duplicateCases } from './ledger-accept.ts';
import { claimCases, fairnessCases } from './ledger-claim.ts';
import { costCases } from './ledger-cost.ts';
import { handOverCases } from './ledger-hand-over.ts';
import { holdCases } from './ledger-hold.ts';
import { modelCases } from './ledger-model.ts';
import { numberCases } from './ledger-numbers.ts';
import { deletionCases, recoveryCases } from './ledger-recovery.ts';
import { retryCases } from './ledger-retry.ts';
import { settleCases } from './ledger-settle.ts';

export function ledgerConformance(harness: StoreHarness): void {
  const inStore: InStore = (use) => () => withStore(harness, use);
  describe(`ledger of ${harness.name}`, () => {
    describe('accept', () => acceptCases(inStore));
    describe('a repeated publish', () => duplicateCases(inStore));
    describe('handing over', () => handOverCases(inStore));
    describe('claim', () => claimCases(inStore));
    describe('fairness', () => fairnessCases(inStore));
    describe('the cost of a claim', () => costCases(inStore));
    describe('settle', () => settleCases(inStore));
    describe('a destination that asks for quiet', () => holdCases(inStore));
    describe('manual retry', () => retryCases(inStore));
    describe('recovery', () => recoveryCases(inStore));
    describe('deletion', () => deletionCases(inStore));
    describe('against a model', () => modelCases(harness));
    describe('numbers', () => numberCases(harness));
  });
}
