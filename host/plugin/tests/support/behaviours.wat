;; A script in text that does what the message's X-Do header field says: one letter, one behaviour. Only tests load it.
;; The areas that it returns are laid out in `area.rs` by the rules of the canonical ABI and stand in data segments.
(module
  (import "strowger:sip/transaction@0.1.0" "set-variable" (func $set_variable (param i32 i32 i32 i32 i32)))
  (import "strowger:sip/transaction@0.1.0" "get-variable" (func $get_variable (param i32 i32 i32)))
  (import "strowger:sip/transaction@0.1.0" "provisional" (func $provisional (param i32 i32 i32)))
  (import "strowger:host/log@0.1.0" "log" (func $log (param i32 i32 i32)))
  (import "strowger:host/clock@0.1.0" "now" (func $now (result i64)))
  (import "strowger:host/random@0.1.0" "bytes" (func $random (param i32 i32)))
  (import "strowger:location/registrar@0.1.0" "remove" (func $remove (param i32 i32) (result i32)))
  (import "strowger:location/registrar@0.1.0" "register" (func $register (param i32 i32 i32 i32 i32 i32 i32)))

  (memory (export "memory") 3)
  (global $heap (mut i32) (i32.const 131072))
  (global $calls (mut i32) (i32.const 0))

  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get 3)))
    (local.get $at))

  ;; Every result has been read: all that was allocated may go.
  (func $done (param i32) (global.set $heap (i32.const 131072)))
  (export "cabi_post_strowger:sip/on-request@0.1.0#handle" (func $done))
  (export "cabi_post_strowger:sip/on-reply@0.1.0#handle" (func $done))
  (export "cabi_post_strowger:sip/on-failure@0.1.0#handle" (func $done))

  (func (export "strowger:sip/lifecycle@0.1.0#init") (param i32 i32) (result i32)
    ;; the configuration "refuse", "loop" or "trap" does so; "name", "invite" and "dialog" are other manifests
    (block $ordinary
      (br_if $ordinary (i32.eqz (local.get 1)))
      (if (i32.eq (i32.load8_u (local.get 0)) (i32.const 114)) (then (return (i32.const @REFUSED@))))
      (if (i32.eq (i32.load8_u (local.get 0)) (i32.const 108)) (then (loop $l (br $l))))
      (if (i32.eq (i32.load8_u (local.get 0)) (i32.const 116)) (then (unreachable)))
      (if (i32.eq (i32.load8_u (local.get 0)) (i32.const 110)) (then (return (i32.const @BAD_NAME@))))
      (if (i32.eq (i32.load8_u (local.get 0)) (i32.const 105)) (then (return (i32.const @INVITE_ONLY@))))
      (if (i32.eq (i32.load8_u (local.get 0)) (i32.const 100)) (then (return (i32.const @IN_DIALOG@)))))
    (i32.const @MANIFEST@))

  (func $deeper (param i32) (result i32)
    (i32.add (i32.const 1) (call $deeper (i32.add (local.get 0) (i32.const 1)))))

  ;; The letter after "X-Do: " in the view, or 0.
  (func $letter (param $at i32) (param $length i32) (result i32)
    (local $end i32)
    (local.set $end (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 7)))
    (loop $next
      (if (i32.gt_s (local.get $at) (local.get $end)) (then (return (i32.const 0))))
      (if (i32.and
            (i32.eq (i32.load align=1 (local.get $at)) (i32.const 0x6f442d58))          ;; X-Do
            (i32.eq (i32.load16_u offset=4 align=1 (local.get $at)) (i32.const 0x203a))) ;; ": "
        (then (return (i32.load8_u offset=6 (local.get $at)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next))
    (unreachable))

  (func $is (param i32) (param i32) (result i32) (i32.eq (local.get 0) (local.get 1)))

  (func $handle (param $at i32) (param $length i32) (result i32)
    (local $do i32) (local $n i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (local.set $do (call $letter (local.get $at) (local.get $length)))
    ;; l: loops for ever
    (if (call $is (local.get $do) (i32.const 108)) (then (loop $l (br $l))))
    ;; w: works for a while (some 50 ms), then decides
    (if (call $is (local.get $do) (i32.const 119)) (then
      (local.set $n (i32.const 100000000))
      (loop $l
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (i32.store (i32.const 16) (local.get $n))
        (br_if $l (local.get $n)))
      (return (i32.const @NEXT@))))
    ;; r: recurses
    (if (call $is (local.get $do) (i32.const 114)) (then (drop (call $deeper (i32.const 0)))))
    ;; m: allocates without end, and gives up when it gets no more
    (if (call $is (local.get $do) (i32.const 109)) (then
      (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
      (unreachable)))
    ;; u: panics
    (if (call $is (local.get $do) (i32.const 117)) (then (unreachable)))
    ;; b: reaches outside its memory
    (if (call $is (local.get $do) (i32.const 98)) (then (drop (i32.load (i32.const 0x7ffffff0)))))
    ;; z: divides by zero
    (if (call $is (local.get $do) (i32.const 122)) (then (drop (i32.div_u (i32.const 1) (global.get $calls)))
      (drop (i32.div_u (i32.const 1) (i32.const 0)))))
    ;; v: returns what is no decision
    (if (call $is (local.get $do) (i32.const 118)) (then (return (i32.const @NO_DECISION@))))
    ;; o: returns a list that is not in its memory
    (if (call $is (local.get $do) (i32.const 111)) (then (return (i32.const @OUTSIDE@))))
    ;; c: a header value with a line break
    (if (call $is (local.get $do) (i32.const 99)) (then (return (i32.const @LINE_BREAK@))))
    ;; s: a status that is none
    (if (call $is (local.get $do) (i32.const 115)) (then (return (i32.const @STATUS@))))
    ;; i: an edit of a header field that the message does not have
    (if (call $is (local.get $do) (i32.const 105)) (then (return (i32.const @INDEX@))))
    ;; H: an edit of the first header field, which is a Via
    (if (call $is (local.get $do) (i32.const 72)) (then (return (i32.const @VIA@))))
    ;; d: drop
    (if (call $is (local.get $do) (i32.const 100)) (then (return (i32.const @DROP@))))
    ;; f: a fault
    (if (call $is (local.get $do) (i32.const 102)) (then (return (i32.const @FAULT@))))
    ;; y: a reply with a header field; R: a relay to a URI and a location; C: a challenge
    (if (call $is (local.get $do) (i32.const 121)) (then (return (i32.const @REPLY@))))
    (if (call $is (local.get $do) (i32.const 82)) (then (return (i32.const @RELAY@))))
    (if (call $is (local.get $do) (i32.const 67)) (then (return (i32.const @CHALLENGE@))))
    (if (call $is (local.get $do) (i32.const 81)) (then (return (i32.const @BAD_Q@))))
    ;; e, E, x: sets a variable, removes bindings, answers provisionally; then traps, faults, or decides
    (if (i32.or (i32.or (call $is (local.get $do) (i32.const 101)) (call $is (local.get $do) (i32.const 69)))
                (call $is (local.get $do) (i32.const 120)))
      (then
        (call $set_variable (i32.const @WORD@) (i32.const 4) (i32.const 1) (i32.const @WORD@) (i32.const 4))
        (call $register (i32.const @WORD@) (i32.const 4) (i32.const 60) (i32.const 7200) (i32.const 3600) (i32.const 5)
          (i32.const 512))
        (drop (call $remove (i32.const @WORD@) (i32.const 4)))
        (call $provisional (i32.const 183) (i32.const @WORD@) (i32.const 4))
        (if (call $is (local.get $do) (i32.const 101)) (then (unreachable)))
        (if (call $is (local.get $do) (i32.const 69)) (then (return (i32.const @FAULT@))))
        (return (i32.const @NEXT@))))
    ;; a: traps unless the variable is set, and it sees its own change
    (if (call $is (local.get $do) (i32.const 97)) (then
      (call $get_variable (i32.const @WORD@) (i32.const 4) (i32.const 512))
      (if (i32.eqz (i32.load8_u (i32.const 512))) (then (unreachable)))
      (call $set_variable (i32.const @WORD@) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0))
      (call $get_variable (i32.const @WORD@) (i32.const 4) (i32.const 512))
      (if (i32.load8_u (i32.const 512)) (then (unreachable)))
      (return (i32.const @NEXT@))))
    ;; V: one variable too long
    (if (call $is (local.get $do) (i32.const 86)) (then
      (call $set_variable (i32.const @WORD@) (i32.const 4) (i32.const 1) (i32.const 0) (i32.const 4096))))
    ;; p: a final status as a provisional answer
    (if (call $is (local.get $do) (i32.const 112)) (then
      (call $provisional (i32.const 200) (i32.const @WORD@) (i32.const 4))))
    ;; g: logs 100 lines, the first of them too long
    (if (call $is (local.get $do) (i32.const 103)) (then
      (call $log (i32.const 1) (i32.const @LONG@) (i32.const 3000))
      (local.set $n (i32.const 99))
      (loop $l
        (call $log (i32.const 2) (i32.const @WORD@) (i32.const 4))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $l (local.get $n)))
      (return (i32.const @NEXT@))))
    ;; h: hands the host 3 MiB in one string
    (if (call $is (local.get $do) (i32.const 104)) (then
      (drop (memory.grow (i32.const 64)))
      (call $log (i32.const 1) (i32.const 65536) (i32.const 3145728))))
    ;; n: asks for more random bytes than allowed
    (if (call $is (local.get $do) (i32.const 110)) (then (call $random (i32.const 257) (i32.const 512))))
    ;; t: the clock stands still during a call
    (if (call $is (local.get $do) (i32.const 116)) (then
      (if (i64.ne (call $now) (call $now)) (then (unreachable)))))
    (i32.const @NEXT@))
  (export "strowger:sip/on-request@0.1.0#handle" (func $handle))
  (export "strowger:sip/on-failure@0.1.0#handle" (func $handle))

  (func (export "strowger:sip/on-reply@0.1.0#handle") (param $at i32) (param $length i32) (result i32)
    (local $do i32)
    (local.set $do (call $letter (local.get $at) (local.get $length)))
    (if (call $is (local.get $do) (i32.const 100)) (then (return (i32.const @DROP_REPLY@))))
    (if (call $is (local.get $do) (i32.const 121)) (then (return (i32.const @REPLACE@))))
    (i32.const @PASS@))

  (func (export "strowger:sip/on-timer@0.1.0#fired") (param i32 i32)
    ;; a token of one letter traps: there is no message in hand
    (if (i32.eq (local.get 1) (i32.const 1)) (then
      (call $set_variable (i32.const @WORD@) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0)))))

@DATA@
)
