/**
 * The shapes that the shop's API speaks, for editors and readers; there is no code in here.
 *
 * @typedef {{amount: number, currency: string}} Money Minor units: 1999 is 19.99 EUR, but 1999 JPY.
 *
 * @typedef {{id: string, slug: string, title: string, price: Money, image: string | null,
 *   available: number, category?: string}} ProductItem One product of the list.
 * @typedef {{sku: string, title: string, price: Money, available: number}} SkuOffer
 * @typedef {ProductItem & {description: string, skus: SkuOffer[], images?: string[],
 *   rating?: {average: number, count: number} | number | null}} Product
 *
 * @typedef {{sku: string, available: number, version: number}} Level Stock of one SKU; the higher version is newer.
 *
 * @typedef {{sku: string, title: string, quantity: number, unit_price: Money, unit_price_before: Money | null,
 *   changed: boolean, for_sale: boolean, held: boolean | number, held_until: string | null}} CartLine
 * @typedef {{id: string, lines: CartLine[], subtotal: Money, currency: string}} Cart
 *
 * @typedef {{id: string, title: string, price: Money, days: {min: number, max: number}}} ShippingMethod
 * @typedef {{subtotal: Money, discount: Money | null, shipping: Money | null, tax: Money | null, total: Money | null,
 *   shipping_method: string | null, shipping_methods: ShippingMethod[], lines: CartLine[],
 *   blocks: {code: string, detail: string}[]}} Quote What checkout would charge, and what stands in its way.
 *
 * @typedef {{intent: string, client_secret: string, publishable_key: string, amount: Money | number}} Payment
 * @typedef {{at: string, event: string, detail?: unknown}} TimelineEntry
 * @typedef {{sku: string, title: string, quantity: number, unit_price: Money}} OrderLine
 * @typedef {{id: string, number: string | number, status: string, lines: OrderLine[], subtotal: Money, shipping: Money,
 *   total: Money, refunded: Money | null, tracking: unknown, timeline: TimelineEntry[]}} Order
 *
 * @typedef {{live_url: string, currency: string, categories?: string[],
 *   stripe: {publishable_key: string, api_base: string}}} Config
 */

export {};
