/** The files of the page, by path: `/`, `/app.js`. */
export type PageFiles = Readonly<Record<string, { readonly type: string; readonly text: string }>>;

/** What a bundle is made with: build/dashboard-page.ts puts the page in the place of this file. */
export const BUILT_PAGE: PageFiles | undefined = undefined;
