import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import {
  type Circuit,
  InjectCircuit,
  withCircuitBreaker,
} from 'nestjs-breaker';
import { catchError, map, type Observable, of } from 'rxjs';

const bestsellers = ['teapot', 'cup'];

@Injectable()
export class RecommendationsService {
  constructor(
    private readonly http: HttpService,
    @InjectCircuit('recommendations') private readonly circuit: Circuit,
  ) {}

  for(sku: string): Observable<string[]> {
    return this.http.get<string[]>(`/recommendations/${sku}`).pipe(
      map(response => response.data),
      withCircuitBreaker(this.circuit, { fallback: () => bestsellers }),
      // An answer such as 404 is no failure, so the fallback leaves it alone.
      catchError(() => of([])),
    );
  }
}
