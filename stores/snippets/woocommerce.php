<?php
/**
 * Plugin Name: Patron for WooCommerce
 * Description: Puts the script of Patron on every page, and tells Patron of carts and checkouts as the server knows them.
 * Version: 1.0
 * Requires PHP: 7.4
 */

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

const PATRON_HOST = '%HOST%';
const PATRON_KEY  = '%KEY%';

/** Whether this visitor may be told of. */
function patron_may_tell() {
	if ( isset( $_SERVER['HTTP_SEC_GPC'] ) && '1' === $_SERVER['HTTP_SEC_GPC'] ) {
		return false;
	}
	return ! function_exists( 'wp_has_consent' ) || wp_has_consent( 'statistics' );
}

/** Who the visitor is, as far as the browser and the log-in say. */
function patron_who() {
	$who  = array();
	$id   = isset( $_COOKIE['patron_id'] ) ? sanitize_text_field( wp_unslash( $_COOKIE['patron_id'] ) ) : '';
	$mail = is_user_logged_in() ? wp_get_current_user()->user_email : '';
	if ( ! $mail && WC()->customer ) {
		$mail = WC()->customer->get_billing_email();
	}
	if ( $id ) {
		$who['anonymousId'] = $id;
	} elseif ( $mail ) {
		$who['anonymousId'] = 'wc-' . hash( 'sha256', wp_salt() . strtolower( $mail ) );
	}
	if ( $mail ) {
		$who['context'] = array( 'traits' => array( 'email' => $mail ) );
	}
	return $who;
}

/** Tell of one event; the page does not wait for it. */
function patron_tell( $event, $properties ) {
	$who = patron_may_tell() ? patron_who() : array();
	if ( empty( $who['anonymousId'] ) ) {
		return;
	}
	$call = array_merge(
		$who,
		array(
			'type'       => 'track',
			'event'      => $event,
			'properties' => $properties,
			'messageId'  => wp_generate_uuid4(),
			'timestamp'  => gmdate( 'Y-m-d\TH:i:s\Z' ),
		)
	);
	wp_remote_post(
		PATRON_HOST . '/v1/batch',
		array(
			'blocking' => false,
			'timeout'  => 1,
			'headers'  => array( 'Content-Type' => 'application/json' ),
			'body'     => wp_json_encode(
				array(
					'writeKey' => PATRON_KEY,
					'sentAt'   => gmdate( 'Y-m-d\TH:i:s\Z' ),
					'batch'    => array( $call ),
				)
			),
		)
	);
}

/** What is in the cart. */
function patron_cart() {
	$products = array();
	foreach ( WC()->cart->get_cart() as $line ) {
		$item       = $line['data'];
		$products[] = array(
			'product_id' => (string) $line['product_id'],
			'variant_id' => $line['variation_id'] ? (string) $line['variation_id'] : null,
			'sku'        => $item->get_sku() ? $item->get_sku() : null,
			'name'       => $item->get_name(),
			'price'      => wc_format_decimal( wc_get_price_to_display( $item ), wc_get_price_decimals() ),
			'quantity'   => $line['quantity'],
			'url'        => get_permalink( $line['product_id'] ),
			'image_url'  => wp_get_attachment_url( $item->get_image_id() ) ? wp_get_attachment_url( $item->get_image_id() ) : null,
		);
	}
	return array(
		'products' => $products,
		'value'    => wc_format_decimal( WC()->cart->get_total( 'edit' ), wc_get_price_decimals() ),
		'currency' => get_woocommerce_currency(),
		'cart_url' => wc_get_cart_url(),
	);
}

// The script of the site.
add_action(
	'wp_head',
	function () {
		printf(
			'<script async src="%s/patron.js" data-key="%s" data-consent="%s"></script>' . "\n",
			esc_url( PATRON_HOST ),
			esc_attr( PATRON_KEY ),
			function_exists( 'wp_has_consent' ) ? 'required' : 'implied'
		);
		if ( function_exists( 'wp_has_consent' ) ) {
			echo '<script>window.patron=window.patron||[];document.addEventListener("wp_listen_for_consent_change",function(e){if(e.detail.statistics)patron.push(["consent",e.detail.statistics==="allow"])});';
			echo wp_has_consent( 'statistics' ) ? 'patron.push(["consent",true]);' : '';
			echo "</script>\n";
		}
	}
);

// The cart, once its totals are known, and only when it changed.
add_action(
	'woocommerce_after_calculate_totals',
	function ( $cart ) {
		$now = $cart->get_cart_hash();
		if ( ! WC()->session || WC()->session->get( 'patron_cart' ) === $now ) {
			return;
		}
		$before = WC()->session->get( 'patron_cart' );
		WC()->session->set( 'patron_cart', $now );
		if ( $before || $now ) {
			patron_tell( 'Cart Viewed', patron_cart() );
		}
	}
);

add_action(
	'woocommerce_before_checkout_form',
	function () {
		patron_tell( 'Checkout Started', patron_cart() );
	}
);

// Which order the visit led to. What was paid comes from the shop's own webhooks.
add_action(
	'woocommerce_thankyou',
	function ( $order_id ) {
		patron_tell( 'Order Completed', array( 'order_id' => (string) $order_id ) );
	}
);
