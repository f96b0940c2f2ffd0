import type Docker from 'dockerode';
import { z } from 'zod';
import { isSameFolder } from '../../util/files.ts';
import { foreignStack, isCheckout } from '../../util/owned-folder.ts';
import { ProductError } from '../../util/product-error.ts';
import type { StackOwner } from '../runtime.ts';

/** Compose's labels on what it creates. */
const LABEL = {
  project: 'com.docker.compose.project',
  volume: 'com.docker.compose.volume',
  folder: 'com.docker.compose.project.working_dir',
} as const;

/** The label of the volume that names the checkout. */
const CHECKOUT_LABEL = 'medallion-stream.checkout';

/**
 * A claim precedes the data. For this long it counts without any data; afterwards it belongs to
 * data that somebody removed by hand.
 */
const CLAIM_AHEAD_MS = 60_000;

/**
 * The fields that are read of the engine's answer. Source: Docker Engine API, "Inspect a volume".
 */
const claimVolume = z.object({ Labels: z.record(z.string(), z.string()).nullish(), CreatedAt: z.string() });

const INSTEAD = 'set COMPOSE_PROJECT_NAME, CONTAINER_PREFIX and the ports for a stack of this checkout';

/**
 * The owner of a Compose project. Containers carry the folder that they were created from, data
 * volumes do not. An empty volume next to them, with the checkout as its label, records who owns
 * the data after `down`. It is a separate volume because Compose offers to recreate a volume,
 * including its data, when the labels in the file differ from those of the volume.
 */
export class ProjectOwner {
  readonly #docker: Docker;
  readonly #project: string;
  readonly #volumes: readonly string[];
  readonly #checkout: string;
  readonly #hasMadeData: boolean;

  /**
   * @param volumes those of docker-compose.yml: a wipe deletes them all, and no other volume that
   * somebody gave the project's label
   * @param hasMadeData whether this checkout has made data through Compose, which decides for
   * volumes that name no checkout
   */
  constructor(
    docker: Docker,
    project: string,
    volumes: readonly string[],
    checkout: string,
    hasMadeData: boolean,
  ) {
    this.#volumes = volumes;
    this.#docker = docker;
    this.#project = project;
    this.#checkout = checkout;
    this.#hasMadeData = hasMadeData;
  }

  /** @throws ProductError FOREIGN_STACK when a container of the project is another checkout's */
  async assertOwnContainers(): Promise<void> {
    const [owner] = await this.#foreignFolders();
    if (owner !== undefined) throw this.#foreign(owner);
  }

  /**
   * @throws ProductError FOREIGN_STACK when a container or the data of the project are another
   * checkout's, or of an unknown one
   */
  async assertOwn(): Promise<void> {
    await this.assertOwnContainers();
    const { owner, isKnown } = await this.#dataOwner();
    if (owner !== undefined) throw this.#foreign(owner);
    if (!isKnown) {
      throw new ProductError('FOREIGN_STACK', {
        message: `The volumes of the Compose project ${this.#project} do not name the checkout that made them, and this checkout made no data with Compose; nothing was changed.`,
        hint: `Run the command in the checkout that made them, add \`-- --take-over\` to make them this checkout's, or ${INSTEAD}.`,
      });
    }
  }

  /** Returns the other checkout that owns containers or data of the project, if there is one. */
  async otherOwner(): Promise<StackOwner | undefined> {
    const [folder] = await this.#foreignFolders();
    const checkout = folder ?? (await this.#dataOwner()).owner;
    return checkout === undefined ? undefined : { what: this.#name, checkout };
  }

  /**
   * Whether there is something to take over.
   * @throws ProductError FOREIGN_STACK while the checkout that owns it exists
   */
  async canTakeOver(): Promise<boolean> {
    const folders = await this.#foreignFolders();
    const { owner, isKnown } = await this.#dataOwner();
    const owners = owner === undefined ? folders : [...folders, owner];
    const present = owners.find(isCheckout);
    if (present !== undefined) throw this.#foreign(present);
    return owners.length > 0 || !isKnown;
  }

  /**
   * Assigns the data to this checkout. Of two checkouts that do so at the same time only one
   * continues.
   * @throws ProductError FOREIGN_STACK
   */
  async claim(): Promise<void> {
    const claimed = await this.#claim();
    if (claimed && isSameFolder(claimed.checkout, this.#checkout)) return;
    if (claimed && Date.now() - claimed.atMs < CLAIM_AHEAD_MS) throw this.#foreign(claimed.checkout);
    // A claim that another checkout has made since the observation stays.
    if (claimed && (await this.#claim())?.atMs === claimed.atMs) await this.forget();
    await this.#makeMarker();
  }

  /** Does the same as `claim`, but replaces any earlier claim. */
  async claimAgain(): Promise<void> {
    await this.forget();
    await this.#makeMarker();
  }

  async #makeMarker(): Promise<void> {
    // The engine keeps the labels of the first process that creates a volume.
    await this.#docker.createVolume({ Name: this.#marker, Labels: { [CHECKOUT_LABEL]: this.#checkout } });
    const now = await this.#claim();
    if (!now || !isSameFolder(now.checkout, this.#checkout)) throw this.#foreign(now?.checkout ?? 'unknown');
  }

  /** Returns the names of the project's data volumes. */
  async dataVolumes(): Promise<readonly string[]> {
    const { Volumes } = await this.#docker.listVolumes({
      filters: { label: [`${LABEL.project}=${this.#project}`] },
    });
    return Volumes.filter(({ Labels }) => this.#volumes.includes(Labels?.[LABEL.volume] ?? '')).map(
      ({ Name }) => Name,
    );
  }

  /** Removes the claim. Once there are no data, they have no owner. */
  async forget(): Promise<void> {
    await absentAsUndefined(this.#docker.getVolume(this.#marker).remove());
  }

  get #name(): string {
    return `The Compose project ${this.#project}`;
  }

  get #marker(): string {
    return `${this.#project}_checkout`;
  }

  #foreign(owner: string): ProductError {
    return foreignStack({ what: this.#name, owner, instead: INSTEAD });
  }

  /**
   * Returns the other checkouts that containers of the project were created from, those of unknown
   * services included.
   */
  async #foreignFolders(): Promise<readonly string[]> {
    const containers = await this.#docker.listContainers({
      all: true,
      filters: { label: [`${LABEL.project}=${this.#project}`] },
    });
    const folders = new Set(containers.flatMap(({ Labels }) => Labels[LABEL.folder] ?? []));
    return [...folders].filter((folder) => !isSameFolder(folder, this.#checkout));
  }

  async #dataOwner(): Promise<{ readonly owner?: string; readonly isKnown: boolean }> {
    const [volumes, claimed] = await Promise.all([this.dataVolumes(), this.#claim()]);
    if (volumes.length === 0) return { isKnown: true };
    if (!claimed) return { isKnown: this.#hasMadeData };
    const isOwn = isSameFolder(claimed.checkout, this.#checkout);
    return isOwn ? { isKnown: true } : { owner: claimed.checkout, isKnown: true };
  }

  /** Returns the checkout that has claimed the data, and when (Unix ms). */
  async #claim(): Promise<{ readonly checkout: string; readonly atMs: number } | undefined> {
    const found = await absentAsUndefined(this.#docker.getVolume(this.#marker).inspect());
    if (!found) return undefined;
    const { Labels, CreatedAt } = claimVolume.parse(found);
    const checkout = Labels?.[CHECKOUT_LABEL];
    return checkout === undefined ? undefined : { checkout, atMs: Date.parse(CreatedAt) };
  }
}

async function absentAsUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}
