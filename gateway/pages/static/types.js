/**
 * The shapes that the shop's API speaks, for editors, readers and `make check`; there is no code in here.
 * Written from /openapi.json by `make types`: change the API, not this file.
 */

/**
 * @typedef {Object} Address
 * @property {string} line1
 * @property {string} [line2]
 * @property {string} city
 * @property {string} [postal_code]
 * @property {string} country
 * @property {string} [region]
 */

/**
 * @typedef {Object} AddressBody
 * @property {string} line1
 * @property {string | null} [line2]
 * @property {string} city
 * @property {string | null} [region]
 * @property {string | null} [postal_code]
 * @property {string} country
 */

/**
 * @typedef {Object} AddressChoice
 * @property {string} value
 * @property {string} title
 */

/**
 * @typedef {Object} AddressField
 * @property {"city" | "line1" | "line2" | "postal_code" | "region"} name
 * @property {string} title
 * @property {boolean} needed
 * @property {string} example
 * @property {AddressChoice[]} choices
 */

/**
 * @typedef {Object} AddressForm
 * @property {string} country
 * @property {AddressField[]} fields
 */

/**
 * @typedef {Object} AttributeList
 * @property {AttributeView[]} items
 * @property {null} [next]
 */

/**
 * @typedef {Object} AttributeView
 * @property {string} key
 * @property {string} title
 * @property {"boolean" | "choice" | "date" | "number" | "text"} kind
 * @property {string[]} choices
 * @property {string} unit
 * @property {boolean} of_sku
 * @property {boolean} filterable
 * @property {boolean} searchable
 * @property {number} place
 */

/**
 * @typedef {Object} BlockView
 * @property {string} code
 * @property {string} detail
 * @property {string | null} [sku]
 * @property {number | null} [available]
 * @property {string | null} [given]
 * @property {string | null} [field]
 */

/**
 * @typedef {Object} BuyerView
 * @property {string} email
 * @property {string} name
 * @property {string} phone
 * @property {Address} address
 */

/**
 * @typedef {Object} CartLineView
 * @property {string} id
 * @property {string} sku
 * @property {string} title
 * @property {number} quantity
 * @property {Money} unit_price
 * @property {Money | null} unit_price_before
 * @property {boolean} changed
 * @property {boolean} for_sale
 * @property {number} held
 * @property {string} held_until
 * @property {PartView[]} parts
 * @property {LineInputView[]} inputs
 */

/**
 * @typedef {Object} CartView
 * @property {string} id
 * @property {CartLineView[]} lines
 * @property {Money} subtotal
 * @property {string} currency
 */

/**
 * @typedef {Object} CategoryLeaf
 * @property {string} id
 * @property {string} path
 * @property {string} title
 * @property {number} products
 */

/**
 * @typedef {Object} CategoryList
 * @property {CategoryNode[]} items
 * @property {null} [next]
 */

/**
 * @typedef {Object} CategoryNode
 * @property {string} id
 * @property {string} path
 * @property {string} title
 * @property {number} products
 * @property {string | null} parent
 * @property {number} level
 */

/**
 * @typedef {Object} CategoryRef
 * @property {string} id
 * @property {string} path
 * @property {string} title
 */

/**
 * @typedef {Object} CategoryView
 * @property {string} id
 * @property {string} path
 * @property {string} title
 * @property {number} products
 * @property {string} description
 * @property {CategoryRef[]} above
 * @property {CategoryLeaf[]} children
 */

/**
 * @typedef {Object} CheckoutBody
 * @property {string} email
 * @property {string} name
 * @property {AddressBody} address
 * @property {string | null} [phone]
 * @property {string} shipping_method
 * @property {number | MoneyBody | null} [expected_total]
 */

/**
 * @typedef {Object} CheckoutView
 * @property {OrderView} order
 * @property {string} access_token
 * @property {PaymentView | null} payment
 */

/**
 * @typedef {Object} ClaimBody
 * @property {string} access_token
 */

/**
 * @typedef {Object} ClaimedView
 * @property {number} count
 * @property {string | null} oldest
 * @property {string | null} newest
 */

/**
 * @typedef {Object} ClosingBody
 * @property {string | null} [password]
 */

/**
 * @typedef {Object} CodeBody
 * @property {string} email
 * @property {string} code
 * @property {string | null} [cart_id]
 */

/**
 * @typedef {Object} CollectionPage
 * @property {ProductSummary[]} items
 * @property {string | null} next
 * @property {string} id
 * @property {string} slug
 * @property {string} title
 * @property {string} description
 * @property {boolean} degraded
 */

/**
 * @typedef {Object} Config
 * @property {string} live_url
 * @property {string} currency
 * @property {StripeConfig} stripe
 * @property {string[]} categories
 * @property {number} cart_hold_s
 * @property {string} tax_note
 * @property {NoticeView[]} notices
 * @property {string[]} countries
 * @property {string} locale
 */

/**
 * @typedef {Object} ConsentBody
 * @property {"newsletter" | "personalisation" | "review_requests" | "statistics"} purpose
 * @property {boolean} given
 * @property {string} text_version
 */

/**
 * @typedef {Object} ConsentList
 * @property {ConsentView[]} items
 * @property {null} [next]
 */

/**
 * @typedef {Object} ConsentView
 * @property {"newsletter" | "personalisation" | "review_requests" | "statistics"} purpose
 * @property {boolean} given
 * @property {string} text_version
 * @property {string} at
 */

/**
 * @typedef {Object} CustomerView
 * @property {string} id
 * @property {string} email
 * @property {string} name
 * @property {string} phone
 * @property {string} locale
 * @property {boolean} has_password
 * @property {string} created_at
 * @property {string | null} closes_at
 * @property {string | null} cart_id
 */

/**
 * @typedef {Object} DaysView
 * @property {number} min
 * @property {number} max
 */

/**
 * @typedef {Object} EmailBody
 * @property {string} email
 */

/**
 * @typedef {Object} FacetValueView
 * @property {string} value
 * @property {string} title
 * @property {number} count
 */

/**
 * @typedef {Object} FacetView
 * @property {string} name
 * @property {string} title
 * @property {FacetValueView[]} values
 * @property {number | null} lowest
 * @property {number | null} highest
 */

/**
 * @typedef {Object} FewProducts
 * @property {ProductSummary[]} items
 * @property {null} [next]
 */

/**
 * @typedef {Object} Health
 * @property {string} status
 * @property {Record<string, string>} checks
 */

/**
 * @typedef {Object} ImageSource
 * @property {string} type
 * @property {string} srcset
 */

/**
 * @typedef {Object} ImageView
 * @property {string} id
 * @property {string} alt
 * @property {Record<string, string>} alts
 * @property {number[]} focal
 * @property {number} width
 * @property {number} height
 * @property {string} placeholder
 * @property {string} colour
 * @property {ImageSource[]} sources
 * @property {string} src
 */

/**
 * @typedef {Object} InputView
 * @property {string} key
 * @property {string} title
 * @property {"choice" | "text"} kind
 * @property {string[]} choices
 * @property {number} max_length
 * @property {Money | null} surcharge
 * @property {boolean} required
 */

/**
 * @typedef {Object} LeftOutView
 * @property {string} sku
 * @property {string} title
 * @property {number} quantity
 * @property {"inputs" | "not_sold" | "out_of_stock" | "too_many"} reason
 * @property {string} detail
 */

/**
 * @typedef {Object} LineBody
 * @property {number | null} [quantity]
 * @property {number | null} [add]
 * @property {Record<string, string> | null} [inputs]
 */

/**
 * @typedef {Object} LineInput
 * @property {string} key
 * @property {string} title
 * @property {string} value
 * @property {"choice" | "text"} [kind]
 */

/**
 * @typedef {Object} LineInputView
 * @property {string} key
 * @property {string} title
 * @property {string} value
 */

/**
 * @typedef {Object} LinePart
 * @property {string} sku
 * @property {string} title
 * @property {number} quantity
 * @property {number} weight_g
 * @property {Money} share
 */

/**
 * @typedef {Object} LoginBody
 * @property {string} email
 * @property {string} password
 * @property {string | null} [cart_id]
 */

/**
 * @typedef {Object} LowProducts
 * @property {ProductSummary[]} items
 * @property {null} [next]
 * @property {Record<string, number>} left
 */

/**
 * @typedef {Object} MergedLineView
 * @property {string} id
 * @property {string} title
 * @property {number} own
 * @property {number} guest
 * @property {number} quantity
 * @property {boolean} is_held
 */

/**
 * @typedef {Object} MethodDays
 * @property {number} min
 * @property {number} max
 */

/**
 * @typedef {Object} MethodView
 * @property {string} id
 * @property {string} title
 * @property {Money} price
 * @property {DaysView} days
 */

/**
 * @typedef {Object} MomentView
 * @property {string} at
 * @property {string} event
 * @property {string} detail
 * @property {string} title
 * @property {string} text
 */

/**
 * @typedef {Object} Money
 * @property {number} amount
 * @property {string} currency
 */

/**
 * @typedef {Object} MoneyBody
 * @property {number} amount
 * @property {string} currency
 */

/**
 * @typedef {Object} NewEmailBody
 * @property {string} email
 * @property {string} code
 */

/**
 * @typedef {Object} NewPasswordBody
 * @property {string} password
 */

/**
 * @typedef {Object} NoticeView
 * @property {string} title
 * @property {string | null} url
 * @property {string | null} text
 */

/**
 * @typedef {Object} OfferedMethodView
 * @property {string} id
 * @property {string} title
 * @property {MethodDays} days
 * @property {Money} price
 * @property {Money | null} free_from
 */

/**
 * @typedef {Object} OfferedMethods
 * @property {OfferedMethodView[]} items
 * @property {null} [next]
 */

/**
 * @typedef {Object} OptionView
 * @property {string} name
 * @property {string[]} values
 */

/**
 * @typedef {Object} OrderLine
 * @property {string} sku
 * @property {string} title
 * @property {number} quantity
 * @property {Money} unit_price
 * @property {LinePart[]} [parts]
 * @property {LineInput[]} [inputs]
 */

/**
 * @typedef {Object} OrderSummary
 * @property {string} id
 * @property {string} number
 * @property {"cancelled" | "delivered" | "in_transit" | "packed" | "paid" | "payment_processing" | "pending_payment" | "picking" | "shipped"} status
 * @property {Money} total
 * @property {string} created_at
 */

/**
 * @typedef {Object} OrderView
 * @property {string} id
 * @property {string} number
 * @property {"cancelled" | "delivered" | "in_transit" | "packed" | "paid" | "payment_processing" | "pending_payment" | "picking" | "shipped"} status
 * @property {string} status_text
 * @property {OrderLine[]} lines
 * @property {Money} subtotal
 * @property {Money} discount
 * @property {Money} shipping
 * @property {Money} fees
 * @property {Money} tax
 * @property {boolean} prices_include_tax
 * @property {Money} total
 * @property {Money} refunded
 * @property {TrackingView | null} tracking
 * @property {string} created_at
 * @property {string | null} pay_until
 * @property {MomentView[]} timeline
 * @property {ShipsToView | null} [ships_to]
 * @property {BuyerView | null} [buyer]
 */

/**
 * @typedef {Object} OwnOrderList
 * @property {OrderSummary[]} items
 * @property {string | null} next
 */

/**
 * @typedef {Object} PartView
 * @property {string} sku
 * @property {string} title
 * @property {number} quantity
 */

/**
 * @typedef {Object} PasskeyBody
 * @property {Record<string, unknown>} answer
 * @property {string | null} [label]
 */

/**
 * @typedef {Object} PasskeyList
 * @property {PasskeyView[]} items
 * @property {null} [next]
 */

/**
 * @typedef {Object} PasskeyLoginBody
 * @property {Record<string, unknown>} answer
 * @property {string | null} [cart_id]
 */

/**
 * @typedef {Object} PasskeyView
 * @property {string} id
 * @property {string} label
 * @property {boolean} backed_up
 * @property {string} created_at
 * @property {string | null} used_at
 */

/**
 * @typedef {Object} PasswordBody
 * @property {string} password
 * @property {string | null} [present]
 */

/**
 * @typedef {Object} PaymentView
 * @property {string} intent
 * @property {string} client_secret
 * @property {string} publishable_key
 * @property {Money} amount
 */

/**
 * @typedef {Object} PriceRange
 * @property {Money} lowest
 * @property {Money} highest
 */

/**
 * @typedef {Object} ProblemDocument
 * @property {string} type
 * @property {string} title
 * @property {number} status
 * @property {string} code
 * @property {string} detail
 * @property {string} [field]
 */

/**
 * @typedef {Object} ProductDetail
 * @property {string} id
 * @property {string} slug
 * @property {string} title
 * @property {string} category
 * @property {string} description
 * @property {Money} price
 * @property {ImageView | null} image
 * @property {number} available
 * @property {string} brand
 * @property {string[]} tags
 * @property {string[]} categories
 * @property {string} seo_title
 * @property {string} seo_description
 * @property {OptionView[]} options
 * @property {Record<string, string | number | number | boolean>} attributes
 * @property {InputView[]} inputs
 * @property {SkuDetail[]} skus
 * @property {ImageView[]} images
 * @property {null} rating
 */

/**
 * @typedef {Object} ProductInventory
 * @property {string} product_id
 * @property {StockLevel[]} skus
 * @property {Record<string, string>} held_until
 * @property {string} as_of
 */

/**
 * @typedef {Object} ProductList
 * @property {ProductSummary[]} items
 * @property {string | null} next
 * @property {number | null} total
 * @property {FacetView[]} facets
 * @property {PriceRange | null} prices
 * @property {string | null} corrected
 * @property {string | null} redirect
 * @property {boolean} degraded
 * @property {Record<string, ReasonView[]> | null} reasons
 */

/**
 * @typedef {Object} ProductSummary
 * @property {string} id
 * @property {string} slug
 * @property {string} title
 * @property {string} category
 * @property {Money} price
 * @property {ImageView | null} image
 * @property {number} available
 * @property {string[]} skus
 * @property {boolean} has_inputs
 */

/**
 * @typedef {Object} ProfileBody
 * @property {string | null} [name]
 * @property {string | null} [phone]
 * @property {string | null} [locale]
 */

/**
 * @typedef {Object} QuoteBody
 * @property {AddressBody | null} [address]
 * @property {string | null} [shipping_method]
 * @property {string[] | null} [codes]
 */

/**
 * @typedef {Object} QuoteView
 * @property {Money} subtotal
 * @property {Money | null} discount
 * @property {Money | null} shipping
 * @property {Money | null} fees
 * @property {Money | null} tax
 * @property {boolean} prices_include_tax
 * @property {Money | null} total
 * @property {string | null} shipping_method
 * @property {MethodView[]} shipping_methods
 * @property {CartLineView[]} lines
 * @property {BlockView[]} blocks
 */

/**
 * @typedef {Object} ReasonView
 * @property {string} word
 * @property {string} way
 * @property {number} score
 */

/**
 * @typedef {Object} RegistrationBody
 * @property {string} email
 * @property {string} password
 * @property {string} name
 * @property {string | null} [locale]
 */

/**
 * @typedef {Object} RelatedList
 * @property {ProductSummary[]} items
 * @property {null} [next]
 */

/**
 * @typedef {Object} ReorderView
 * @property {string} id
 * @property {CartLineView[]} lines
 * @property {Money} subtotal
 * @property {string} currency
 * @property {LeftOutView[]} left_out
 */

/**
 * @typedef {Object} SavedAddressBody
 * @property {string} name
 * @property {string | null} [phone]
 * @property {AddressBody} address
 * @property {boolean | null} [default]
 */

/**
 * @typedef {Object} SavedAddressList
 * @property {SavedAddressView[]} items
 * @property {null} [next]
 */

/**
 * @typedef {Object} SavedAddressView
 * @property {string} id
 * @property {string} name
 * @property {string} phone
 * @property {Address} address
 * @property {boolean} default
 * @property {string} created_at
 */

/**
 * @typedef {Object} SentView
 * @property {boolean} [sent]
 */

/**
 * @typedef {Object} SessionList
 * @property {SessionView[]} items
 * @property {null} [next]
 */

/**
 * @typedef {Object} SessionMadeView
 * @property {CustomerView} customer
 * @property {string} expires_at
 * @property {string | null} token
 * @property {boolean} reopened
 * @property {CartView | null} cart
 * @property {MergedLineView[]} cart_changes
 */

/**
 * @typedef {Object} SessionView
 * @property {string} id
 * @property {string} device
 * @property {string} network
 * @property {string} method
 * @property {string} since
 * @property {string} seen
 * @property {string} expires_at
 * @property {boolean} current
 */

/**
 * @typedef {Object} ShipsToView
 * @property {string} name
 * @property {Address} address
 */

/**
 * @typedef {Object} SkuDetail
 * @property {string} sku
 * @property {string} title
 * @property {Money} price
 * @property {number} available
 * @property {number} weight_g
 * @property {string[]} options
 * @property {string | null} barcode
 * @property {string[]} images
 * @property {Record<string, string | number | number | boolean>} attributes
 * @property {PartView[]} parts
 */

/**
 * @typedef {Object} StockLevel
 * @property {string} sku
 * @property {number} available
 * @property {number} version
 */

/**
 * @typedef {Object} StripeConfig
 * @property {string} publishable_key
 * @property {string} api_base
 */

/**
 * @typedef {Object} SuggestedProductView
 * @property {string} id
 * @property {string} title
 */

/**
 * @typedef {Object} SuggestionsView
 * @property {string[]} queries
 * @property {SuggestedProductView[]} products
 * @property {string[]} categories
 */

/**
 * @typedef {Object} TokenBody
 * @property {string} token
 */

/**
 * @typedef {Object} TrackingView
 * @property {string} carrier
 * @property {string} tracking_number
 */

/**
 * @typedef {Object} WithdrawnView
 * @property {number} withdrawn
 */

export {};
