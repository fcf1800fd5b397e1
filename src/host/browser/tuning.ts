import { adapterNames, type TuningChoices, type TuningStore } from "../tuning.ts";

const DATABASE = "supernet-tuning";
const CHOICES = "choices";

/** Tuned choices in the browser's IndexedDB, of this page's origin; one record for each adapter, under its names. */
export function browserTuningStore(onWarning: (message: string) => void): TuningStore {
  const attempt = async <T>(what: string, work: (choices: IDBDatabase) => Promise<T>): Promise<T | undefined> => {
    let database: IDBDatabase | undefined;
    try {
      database = await openDatabase();
      return await work(database);
    } catch (error) {
      // Private windows and full disks.
      onWarning(`tuned choices cannot be ${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    } finally {
      database?.close();
    }
  };
  return {
    async load(adapter) {
      const record = await attempt("read", async (database) => {
        const store = database.transaction(CHOICES).objectStore(CHOICES);
        return settled<Record<string, unknown> | undefined>(store.get(adapterNames(adapter)));
      });
      return new Map(Object.entries(record ?? {}));
    },
    async save(adapter, choices) {
      await attempt("saved", (database) => merge(database, adapterNames(adapter), choices));
    },
  };
}

/** In one transaction: what another tab saves meanwhile stays. */
async function merge(database: IDBDatabase, key: string[], choices: TuningChoices): Promise<void> {
  const transaction = database.transaction(CHOICES, "readwrite");
  const store = transaction.objectStore(CHOICES);
  const known = await settled<Record<string, unknown> | undefined>(store.get(key));
  store.put({ ...known, ...Object.fromEntries(choices) }, key);
  await new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(CHOICES);
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
