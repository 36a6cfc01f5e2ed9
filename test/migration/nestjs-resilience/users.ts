import { Injectable } from '@nestjs/common';

export interface User {
  readonly id: number;
  readonly name?: string;
}

/** The service that the shop asks for its users; a test says what it does. */
@Injectable()
export class Users {
  calls = 0;
  answer: (id: number) => Promise<User> = async id => ({ id, name: 'Ada' });
  points = 0;

  get(id: number): Promise<User> {
    this.calls++;
    return this.answer(id);
  }

  async score(_id: number): Promise<number> {
    this.calls++;
    return this.points;
  }
}

/** What the shop has of them, before and after. */
export interface UsersService {
  /** With a timeout, two retries and a fallback. */
  getUser(id: number): Promise<User>;
  /** Behind a circuit. */
  guarded(id: number): Promise<User>;
  /** With the default backoff, tried twice in all. */
  retried(id: number): Promise<User>;
  inTime(id: number): Promise<User>;
  /** Cached for a second. */
  score(id: number): Promise<number>;
  oneByOne(id: number): Promise<User>;
  twoASecond(id: number): Promise<User>;
}
