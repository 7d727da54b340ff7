;; A CSCF's script in text: the message's X-Do header field says what it does by one letter, and by a second one with
;; which of its values. Only tests load it. Its areas are laid out in `cscf.rs`.
(module
  (import "strowger:cx/query@0.1.0" "user-authorization"
    (func $user_authorization (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "strowger:cx/query@0.1.0" "location-info" (func $location_info (param i32 i32 i32 i32 i32 i32)))
  (import "strowger:cx/authentication@0.1.0" "verify" (func $verify (param i32 i32 i32 i32) (result i32)))
  (import "strowger:cx/authentication@0.1.0" "challenge"
    (func $challenge (param i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "strowger:cx/assignment@0.1.0" "assign" (func $assign (param i32 i32 i32 i32 i32 i32)))
  (import "strowger:ims/reg-event@0.1.0" "subscribe" (func $subscribe (param i32 i32 i32 i32 i32 i32)))
  (import "strowger:location/registrar@0.1.0" "remove" (func $remove (param i32 i32) (result i32)))
  (import "strowger:location/registrar@0.1.0" "withdraw" (func $withdraw))
  (import "strowger:sip/client@0.1.0" "send" (func $send (param i32 i32)))

  (memory (export "memory") 3)
  (global $heap (mut i32) (i32.const 131072))

  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get 3)))
    (local.get $at))

  (func $done (param i32) (global.set $heap (i32.const 131072)))
  (export "cabi_post_strowger:sip/on-request@0.1.0#handle" (func $done))
  (export "cabi_post_strowger:sip/on-reply@0.1.0#handle" (func $done))

  (func (export "strowger:sip/lifecycle@0.1.0#init") (param i32 i32) (result i32) (i32.const @MANIFEST@))

  ;; Where "X-Do: " ends in the view; traps where it is not.
  (func $order (param $at i32) (result i32)
    (loop $next
      (if (i32.and
            (i32.eq (i32.load align=1 (local.get $at)) (i32.const 0x6f442d58))
            (i32.eq (i32.load16_u offset=4 align=1 (local.get $at)) (i32.const 0x203a)))
        (then (return (i32.add (local.get $at) (i32.const 6)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next))
    (unreachable))

  ;; Traps where "feedbeef" stands in it.
  (func $no_keys (param $at i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 8)))
    (loop $next
      (if (i32.gt_s (local.get $at) (local.get $end)) (then (return)))
      (if (i64.eq (i64.load align=1 (local.get $at)) (i64.const 0x6665656264656566)) (then (unreachable)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))

  (func $is (param i32) (param i32) (result i32) (i32.eq (local.get 0) (local.get 1)))

  ;; Of the result at 512: the fault where it is an error, else `next`.
  (func $told (result i32)
    (if (result i32) (i32.load8_u (i32.const 512)) (then (i32.const @FAULT@)) (else (i32.const @NEXT@))))

  (func (export "strowger:sip/on-request@0.1.0#handle") (param $at i32) (param $length i32) (result i32)
    (local $do i32) (local $which i32) (local $n i32)
    (local.set $at (call $order (local.get $at)))
    (local.set $do (i32.load8_u (local.get $at)))
    (local.set $which (i32.sub (i32.load8_u offset=1 (local.get $at)) (i32.const 48)))
    ;; u, q: User-Authorization, Location-Info
    (if (call $is (local.get $do) (i32.const 117)) (then
      (call $user_authorization (i32.const @WORD@) (i32.const 4) (i32.const @WORD@) (i32.const 4)
        (i32.const @WORD@) (i32.const 4) (i32.const 2) (i32.const 1) (i32.const 512))
      (return (call $told))))
    (if (call $is (local.get $do) (i32.const 113)) (then
      (call $location_info (i32.const @WORD@) (i32.const 4) (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 512))
      (return (call $told))))
    ;; Q: Location-Info, and then loops for ever; l: loops first for some time, then asks
    (if (call $is (local.get $do) (i32.const 81)) (then
      (call $location_info (i32.const @WORD@) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 512))
      (loop $l (br $l))))
    ;; v: verify; c: challenge; a: assign
    (if (call $is (local.get $do) (i32.const 118)) (then
      (if (call $verify (i32.const @WORD@) (i32.const 4) (i32.const @WORD@) (i32.const 4)) (then (unreachable)))
      (if (i32.ne (call $verify (i32.const @WORD@) (i32.const 3) (i32.const @WORD@) (i32.const 4)) (i32.const 5))
        (then (unreachable)))
      (return (i32.const @NEXT@))))
    (if (call $is (local.get $do) (i32.const 99)) (then
      (call $challenge (i32.const @WORD@) (i32.const 4) (i32.const @WORD@) (i32.const 4) (i32.const @WORD@)
        (i32.const 4) (i32.const 1) (i32.const 512))
      (if (i64.ne (i64.load (i32.const 520)) (i64.const 7)) (then (unreachable)))
      (return (call $told))))
    (if (call $is (local.get $do) (i32.const 97)) (then
      (call $assign (i32.const @WORD@) (i32.const 4) (i32.const @WORD@) (i32.const 4) (i32.const 1) (i32.const 512))
      (return (call $told))))
    ;; s: assigns, subscribes and removes bindings, and withdraws the removal
    (if (call $is (local.get $do) (i32.const 115)) (then
      (drop (call $remove (i32.const @WORD@) (i32.const 4)))
      (call $assign (i32.const @WORD@) (i32.const 4) (i32.const @WORD@) (i32.const 4) (i32.const 1) (i32.const 512))
      (call $subscribe (i32.const @WORD@) (i32.const 4) (i32.const @WORD@) (i32.const 4) (i32.const 60)
        (i32.const 512))
      (if (i32.load8_u (i32.const 512)) (then (unreachable)))
      (if (i32.ne (i32.load (i32.const 516)) (i32.const 60)) (then (unreachable)))
      (if (i32.eqz (local.get $which)) (then (call $withdraw)))
      (return (i32.const @NEXT@))))
    ;; k: sends one of the requests; the token that comes back begins with a Call-ID
    (if (call $is (local.get $do) (i32.const 107)) (then
      (call $send (i32.add (i32.const @SENDS@) (i32.mul (local.get $which) (i32.const 72))) (i32.const 512))
      (if (i32.and (i32.load8_u (i32.const 512)) (i32.eqz (i32.load8_u (i32.const 516)))) (then (unreachable)))
      (return (call $told))))
    ;; m: sends 32, and one that is too many
    (if (call $is (local.get $do) (i32.const 109)) (then
      (local.set $n (i32.const 32))
      (loop $l
        (call $send (i32.const @SENDS@) (i32.const 512))
        (if (i32.load8_u (i32.const 512)) (then (unreachable)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $l (local.get $n)))
      (call $send (i32.const @SENDS@) (i32.const 512))
      (if (i32.eqz (i32.load8_u (i32.const 512))) (then (unreachable)))
      (if (i32.load8_u (i32.const 516)) (then (unreachable)))
      (return (i32.const @NEXT@))))
    ;; d: one of the decisions
    (if (call $is (local.get $do) (i32.const 100)) (then
      (return (i32.add (i32.const @DECISIONS@) (i32.mul (local.get $which) (i32.const 64))))))
    (unreachable))

  (func (export "strowger:sip/on-reply@0.1.0#handle") (param $at i32) (param $length i32) (result i32)
    (call $no_keys (local.get $at) (local.get $length))
    (i32.const @PASS@))

  (func (export "strowger:sip/on-answer@0.1.0#answered") (param i32 i32) (param $at i32) (param $length i32)
    (call $no_keys (local.get $at) (local.get $length)))

@DATA@
)
