//! From a component to machine code, on a thread of its own that gives way to calls.
//!
//! In: a checked component. Out: a compiled one, from the cache where it is there. A component of 250 kB takes about
//! half a second; the thread that asks waits, so it must not be one that carries calls.

use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use wasmtime::component::Component;

use crate::engine::EngineInner;
use crate::error::LoadError;

/// How nice the compiling thread is to others (nice(2)).
const NICENESS: i32 = 10;

/// The compiled component.
pub(crate) fn compile(engine: &EngineInner, component: &[u8]) -> Result<Component, LoadError> {
    if let Some(compiled) = engine.cache.as_ref().and_then(|cache| cache.get(component)) {
        engine.counts.cache_hits.fetch_add(1, Relaxed);
        return Ok(compiled);
    }
    // Before the first plugin there are no calls to give way to, and somebody waits for the start.
    let gives_way = engine.counts.plugins.load(Relaxed) > 0;
    let compiled = thread::scope(|scope| {
        let worker = thread::Builder::new().name("plugin-compile".into()).spawn_scoped(scope, || {
            if gives_way {
                // Not being allowed to is no reason not to compile.
                let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
            }
            Component::from_binary(&engine.wasmtime, component).map_err(|error| format!("{error:#}"))
        });
        match worker.map(|worker| worker.join()) {
            Ok(Ok(compiled)) => compiled,
            Ok(Err(_)) => Err("the compiler panicked".to_owned()),
            Err(error) => Err(format!("no thread to compile on: {error}")),
        }
    })
    .map_err(|reason| LoadError::Compile { reason })?;
    engine.counts.compiled.fetch_add(1, Relaxed);
    if let Some(cache) = &engine.cache {
        cache.put(component, &compiled);
    }
    Ok(compiled)
}
