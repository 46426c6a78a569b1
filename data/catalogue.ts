/**
 * Public data sets that can be fetched: where they live and what they are.
 *
 * @module
 */

/** A data set with a public home. */
export interface Dataset {
  /** A word for the command line: `intel`. */
  readonly name: string;
  readonly about: string;
  /** Its public home; a mirror may be given instead. */
  readonly url: string;
  /** Name of the file as it is kept. */
  readonly file: string;
  /** Name of the cleaned file. */
  readonly processed: string;
  readonly licence: string;
}

/** All data sets, by name. */
export const CATALOGUE: Readonly<Record<string, Dataset>> = {
  intel: {
    name: "intel",
    about: "Intel Berkeley lab, 54 motes from 28 February to 5 April 2004: temperature, humidity, light, voltage",
    url: "http://db.csail.mit.edu/labdata/data.txt.gz",
    file: "data.txt.gz",
    processed: "processed_iot_data.csv",
    licence: "public research data, no licence stated",
  },
};
