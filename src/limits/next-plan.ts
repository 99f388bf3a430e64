/** A plan of the catalogue as far as it can help a database that comes near a limit. */
export interface PlanOffer {
  readonly name: string;
  readonly class: string;
  readonly memoryBytes: number;
  readonly storageBytes: number;
  /** The same two as the catalogue writes them. */
  readonly memory: string;
  readonly storage: string;
  readonly series: number;
  readonly available: boolean;
}

/**
 * The next plan that has what is needed: the smallest of the same class, else the smallest there is. Undefined when
 * none has.
 */
export function nextPlan(
  offers: readonly PlanOffer[],
  current: Pick<PlanOffer, 'name' | 'class'>,
  hasEnough: (offer: PlanOffer) => boolean,
): PlanOffer | undefined {
  const fitting = offers
    .filter((offer) => offer.available && offer.name !== current.name && hasEnough(offer))
    .toSorted(
      (a, b) =>
        a.memoryBytes - b.memoryBytes || a.storageBytes - b.storageBytes || (a.name < b.name ? -1 : 1),
    );
  return fitting.find((offer) => offer.class === current.class) ?? fitting[0];
}
